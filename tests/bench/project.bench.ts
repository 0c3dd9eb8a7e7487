/**
 * A project of 100,000 images with 1,000,000 boxes, a tenth of them proposals. Prints one JSON line:
 * node tests/bench/project.bench.ts
 *
 * One process imports 900,000 boxes from a COCO file, another opens the project, so that nothing is in memory but what
 * opening reads, and searches it. Times are medians and worst of several; memory is the most that a process ever had.
 */
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Dataset } from '../../src/core/formats/dataset.ts'
import { FORMATS, type Format } from '../../src/core/formats/formats.ts'
import { mulberry32 } from '../../src/core/random.ts'
import { loadDataset, writeDataset } from '../../src/main/studio/datasets/index.ts'
import { exportDataset } from '../../src/main/studio/project/export.ts'
import { importDataset } from '../../src/main/studio/project/import.ts'
import { createProject, openProject } from '../../src/main/studio/project/project.ts'
import { summarise } from '../../src/main/studio/project/summary.ts'

const IMAGES = 100_000
const BOXES_PER_IMAGE = 10
const CLASSES = 80

/** Some classes are common and some rare, as in COCO; a tenth of the boxes are proposals, made after the import. */
function randomDataset(): Dataset {
  const random = mulberry32(1)
  const annotation = () => {
    const [x, y] = [random() * 500, random() * 300]
    const box = [x, y, x + 1 + random() * 100, y + 1 + random() * 100] as const
    return { categoryId: 1 + Math.floor(CLASSES * random() ** 2), box }
  }
  return {
    categories: Array.from({ length: CLASSES }, (_, i) => ({ id: i + 1, name: `class ${i + 1}` })),
    images: Array.from({ length: IMAGES }, (_, i) => ({
      id: i + 1,
      fileName: `day ${String(i % 100).padStart(2, '0')}/IMG_${String(i).padStart(6, '0')}.jpg`,
      width: 640,
      height: 480,
      splits: [['train', 'val', 'test'][i % 3]!],
      annotations: Array.from({ length: (BOXES_PER_IMAGE * 9) / 10 }, annotation),
    })),
  }
}

/** From a COCO file, as a user would: reading, matching and saving. */
async function importCoco(folder: string): Promise<unknown> {
  const start = performance.now()
  const loaded = await loadDataset(join(folder, 'annotations.json'), { images: folder, missing: 'keep' })
  const readSeconds = (performance.now() - start) / 1000
  const project = await createProject(folder)
  const { boxes } = await importDataset(project, loaded)
  project.close()
  return {
    boxes,
    readSeconds,
    totalSeconds: (performance.now() - start) / 1000,
    peakMegabytes: peakMegabytes(),
  }
}

/** The labels in a format. Memory is compared with that of the process before it began. */
async function exportLabels(folder: string, format: Format): Promise<unknown> {
  const project = await openProject(folder, { readOnly: true })
  const before = peakMegabytes()
  const start = performance.now()
  let longest = 0
  let last = start
  const beat = setInterval(() => {
    longest = Math.max(longest, performance.now() - last)
    last = performance.now()
  }, 1)
  const { files, survey } = await exportDataset(project, { format, out: join(folder, `out-${format}`) })
  clearInterval(beat)
  project.close()
  return {
    ...{ files, boxes: survey.boxes, seconds: (performance.now() - start) / 1000 },
    ...{ peakMegabytes: peakMegabytes(), beforeMegabytes: before, longestPauseMs: longest },
  }
}

async function propose(folder: string): Promise<void> {
  const project = await openProject(folder)
  const random = mulberry32(2)
  const guess = () => {
    return { classId: 1 + Math.floor(CLASSES * random() ** 2), box: [1, 2, 3, 4] as const, score: random() }
  }
  project.history.change('Propose', () => {
    for (const id of project.find(''))
      project.annotations.propose(id, 'run 1', Array.from({ length: id % 3 }, guess))
    project.images.setState(
      project.find('').filter((id) => id % 4 === 0),
      'in-progress',
    )
    project.images.assignSplits({ shares: { train: 6, val: 2, test: 2 }, seed: 1 })
  })
  project.close()
}

/** A query of each kind, and several terms at once; what they find is between nothing and everything. */
const QUERIES = [
  ...['', '0042', 'state:done', 'split:val', 'count:>9', 'count:0', 'has:error'],
  ...['class:"class 1"', '-class:"class 1"', 'class:"class 80"', 'score:<0.5', '-score:<0.5'],
  ...['source:imported', 'source:proposed', 'source:drawn', 'class:"class 1" source:imported'],
  ...['class:"class 1" source:proposed score:<0.5', 'score:<0.5 source:proposed'],
  'day state:done split:train class:"class 2" -class:"class 1" count:>3 -score:<0.5 -source:drawn',
]

const milliseconds = (work: () => unknown): number => {
  const start = performance.now()
  work()
  return performance.now() - start
}

const summary = (times: readonly number[]) => {
  const sorted = times.toSorted((a, b) => a - b)
  return { median: sorted[sorted.length >> 1]!, worst: sorted.at(-1)! }
}

async function measure(folder: string): Promise<unknown> {
  const start = performance.now()
  const project = await openProject(folder)
  const ids = project.find('')
  project.images.list(ids.slice(0, 100))
  project.classes.all()
  project.annotations.of(ids[0]!)
  const interactive = performance.now() - start

  const filters = Object.fromEntries(
    QUERIES.map((query) => [query, Array.from({ length: 5 }, () => milliseconds(() => project.find(query)))]),
  )
  const random = mulberry32(3)
  const anywhere = () => ids[Math.floor(random() * ids.length)]!
  const next = Array.from({ length: 2000 }, () => {
    const id = anywhere()
    return milliseconds(() => [project.images.get(id), project.annotations.of(id)])
  })
  const summaries = Array.from({ length: 20 }, () => milliseconds(() => summarise(project)))
  const classCounts = Array.from({ length: 20 }, () => milliseconds(() => project.classes.counts()))
  const pages = Array.from({ length: 200 }, (_, i) =>
    milliseconds(() => project.images.list(ids.slice(i * 200, i * 200 + 200))),
  )
  const edits = Array.from({ length: 200 }, (_, i) => {
    const [annotation] = project.annotations.of(anywhere())
    return milliseconds(() => project.annotations.update(annotation!.id, { box: [1, 2, 3, 5 + i] }))
  })
  const undone = edits.map(() => milliseconds(() => project.history.undo()))
  project.close()
  return {
    interactiveMs: interactive,
    filterMs: { worst: Math.max(...Object.values(filters).flat()), each: mapValues(filters, summary) },
    nextImageMs: summary(next),
    summaryMs: summary(summaries),
    classCountsMs: summary(classCounts),
    rowsOf200ImagesMs: summary(pages),
    editMs: summary(edits),
    undoMs: summary(undone),
    peakMegabytes: peakMegabytes(),
  }
}

const mapValues = <A, B>(record: Record<string, A>, map: (value: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]))

const rounded = (_: string, value: unknown): unknown =>
  typeof value === 'number' ? Number(value.toPrecision(3)) : value

const peakMegabytes = (): number => process.resourceUsage().maxRSS / 1024

const inAnotherProcess = (...args: string[]): unknown =>
  JSON.parse(execFileSync(process.execPath, [import.meta.filename, ...args], { encoding: 'utf8' }))

const [task, given = '', format = ''] = process.argv.slice(2)
if (task === 'import') console.log(JSON.stringify(await importCoco(given)))
else if (task === 'export') console.log(JSON.stringify(await exportLabels(given, format as Format)))
else if (task === 'open') console.log(JSON.stringify(await measure(given)))
else {
  const folder = await mkdtemp(join(tmpdir(), 'fcos-bench-'))
  try {
    await writeDataset(randomDataset(), { format: 'coco', out: join(folder, 'annotations.json') })
    const imported = inAnotherProcess('import', folder)
    await propose(folder)
    const fileMegabytes = (await stat(join(folder, 'project.fcos'))).size / 2 ** 20
    const opened = inAnotherProcess('open', folder)
    const exported = Object.fromEntries(
      FORMATS.map((format) => [format, inAnotherProcess('export', folder, format)]),
    )
    console.log(JSON.stringify({ import: imported, fileMegabytes, open: opened, export: exported }, rounded))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
