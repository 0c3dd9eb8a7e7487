/**
 * What Assist saves: a simulated labeller (tests/support/simulated-labeller.ts, docs/assist.md) labels a data set's images in
 * seeded random order through the studio itself, with the real learner, which has just the seconds that the labeller spends.
 * Prints one JSON line.
 *
 *   node tests/bench/assist.bench.ts DATASET [--images 100] [--seed 1] [--time wall|cpu] [--cores 2] [--minutes M] [--noise 0.05]
 *
 * DATASET is whatever `fcos train --data` takes. With `--time wall` the labeller's seconds pass on this machine's clock. With
 * `--time cpu` the learner is given seconds of processor time for each, two or as many as `--cores` says, and then held: a
 * machine with other work gives the same figures, only later. After `--minutes` it reports on the images done so far. `--noise` is the share of objects whose class the labeller
 * confuses, and the share that is overlooked.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { ABOUT, type Effort, outcomeOf } from '../../src/core/assist/outcome.ts'
import { evaluateGroundTruth } from '../../src/core/evaluation/coco-metrics.ts'
import { area, iou, toXywh } from '../../src/core/geometry/box.ts'
import { mulberry32, shuffle } from '../../src/core/random.ts'
import type { ClassBox } from '../../src/core/review/undecided.ts'
import type { StudioHost } from '../../src/main/studio/api/host.ts'
import { loadDataset } from '../../src/main/studio/datasets/index.ts'
import { createProject, scanImages } from '../../src/main/studio/project/index.ts'
import { type Labelled, label, type Mistake, mistaken } from '../support/simulated-labeller.ts'
import { engineHost } from '../support/training.ts'

/** Of images, counted from 1; the last ones as far as there are images. */
const RANGES: [number, number][] = [
  [1, 25],
  [26, 50],
  [51, 100],
  [26, 100],
  [16, 44],
]

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    images: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    time: { type: 'string', default: 'wall' },
    cores: { type: 'string', default: '2' },
    minutes: { type: 'string', default: 'Infinity' },
    noise: { type: 'string', default: '0' },
  },
})
const [source] = positionals
if (!source || !['wall', 'cpu'].includes(values.time)) {
  console.error(
    'node tests/bench/assist.bench.ts DATASET [--images 100] [--seed 1] [--time wall|cpu] [--cores 2] [--minutes M] [--noise 0.05]',
  )
  process.exit(2)
}
const [most, seed, noise] = [Number(values.images), Number(values.seed), Number(values.noise)]
const [cores, ends] = [Number(values.cores), 60_000 * Number(values.minutes)]
const rounded = (value: number): number => Math.round(value * 1000) / 1000

interface Done extends Labelled {
  readonly image: number
  readonly truth: readonly ClassBox[]
  readonly mistakes: readonly Mistake[]
}

const folder = await mkdtemp(join(tmpdir(), 'fcos-assist-'))
const host = engineHost(folder)
try {
  console.log(JSON.stringify(await bench()))
} finally {
  await host.close()
  await rm(folder, { recursive: true, force: true })
}

async function bench() {
  const { dataset, imageRoot } = await loadDataset(source!)
  const project = await createProject(join(folder, 'project'), { imageRoot })
  await scanImages(project)
  await host.open(project.path, async () => project)
  const classIds = new Map(dataset.categories.map(({ id, name }) => [id, project.classes.add(name)]))
  const ids = new Map(project.images.list(project.find('-has:error')).map(({ id, path }) => [path, id]))
  const known = dataset.images.filter(({ fileName }) => ids.has(fileName))
  const random = mulberry32(seed)
  const order = shuffle([...known], random).slice(0, most)
  await host.assist.start()
  const done: Done[] = []
  let waited = 0
  for (const { fileName, annotations } of order) {
    if (performance.now() > ends) break
    const image = ids.get(fileName)!
    const truth = annotations
      .filter(({ crowd }) => !crowd)
      .map(({ box, categoryId }): ClassBox => ({ box, classId: classIds.get(categoryId)! }))
    const { seen, mistakes } = mistaken(truth, [...classIds.values()], noise, random)
    const began = performance.now()
    const work = await label(host, image, seen)
    // The image was open all the while that this time passes; it is finished at its end.
    await passed(host, work.seconds, began)
    await host.assist.settled()
    if (host.assist.state.phase === 'failed') throw new Error(host.assist.state.error!.message)
    waited += work.seconds
    done.push({ ...work, image, truth, mistakes })
    const { images, step, phase, thresholds } = host.assist.state
    console.error(
      `${done.length}/${order.length}: ${work.seconds.toFixed(1)} of ${work.alone.seconds.toFixed(1)} s, ` +
        `${JSON.stringify({ ...work.work, drawn: work.work.drawn.length })}, ${phase} from ${images} images, step ${step}, ` +
        thresholds.map(({ score }) => score.toFixed(2)).join(' '),
    )
  }
  const { cpuSeconds } = host.assist.state
  return {
    bench: 'assist',
    ...{ dataset: source, seed, time: values.time, cores, noise, images: done.length },
    objects: done.reduce((sum, { truth }) => sum + truth.length, 0),
    saved: inRanges(done, savedIn),
    all: savedIn(done),
    labellerSeconds: rounded(waited),
    cpuSeconds: rounded(cpuSeconds),
    prequentialAp50: { all: ap50(done), ...inRanges(done, ap50) },
    firstUsefulImage: firstUseful(done),
    // There is no window here: tests/bench/train-while-annotating.bench.ts measures frames.
    longestFrameMs: null,
    ...(noise > 0 && { noiseThatComesBack: comesBack(done), doubts: doubtsFound(done) }),
  }
}

/** Lets the learner have the seconds that the labeller has spent. */
async function passed({ assist, runs }: StudioHost, seconds: number, began: number): Promise<void> {
  if (values.time === 'wall')
    return void (await setTimeout(Math.max(0, 1000 * seconds - (performance.now() - began))))
  const { run, phase } = assist.state
  if (run === null || phase === 'waiting') return
  const until = assist.state.cpuSeconds + cores * seconds
  runs.continue(run)
  while (assist.state.cpuSeconds < until && !['resting', 'failed', 'off'].includes(assist.state.phase))
    await setTimeout(30)
  runs.pause(run)
}

function inRanges<Figure>(
  done: readonly Done[],
  of: (images: readonly Done[]) => Figure,
): Record<string, Figure> {
  const reached = RANGES.filter(([from]) => from <= done.length)
  return Object.fromEntries(
    reached.map(([from, to]) => [`${from}-${Math.min(to, done.length)}`, of(done.slice(from - 1, to))]),
  )
}

function savedIn(images: readonly Done[]) {
  const share = (of: keyof Effort): number => {
    const sum = (effort: (one: Done) => Effort): number =>
      images.reduce((total, one) => total + effort(one)[of], 0)
    return rounded(1 - sum((one) => one) / sum(({ alone }) => alone))
  }
  return { seconds: share('seconds'), gestures: share('gestures') }
}

/** Of what was detected before the images were learnt from, against the data set's own boxes. */
function ap50(done: readonly Done[]): number | null {
  const truthOf = new Map(done.map(({ image, truth }) => [image, truth]))
  const judged = host.assist.judgements.filter(({ image }) => truthOf.has(image))
  if (judged.length === 0) return null
  const truth = {
    categories: host.project.classes.all().map(({ id, name }) => ({ id, name })),
    images: judged.map(({ image }) => ({ id: image })),
    objects: judged.flatMap(({ image }) =>
      truthOf.get(image)!.map(({ box, classId }) => ({
        ...{ imageId: image, categoryId: classId, box: toXywh(box), area: area(box), crowd: false },
      })),
    ),
  }
  const detections = judged.flatMap(({ image, detections: found }) =>
    found.map(({ box, classId, score }) => ({
      imageId: image,
      categoryId: classId,
      box: toXywh(box),
      score,
    })),
  )
  return rounded(evaluateGroundTruth(truth, detections).stats[1]!)
}

/** The first image of which at least half of the boxes were proposed, with an IoU of .5; counted from 1. */
function firstUseful(done: readonly Done[]): number | null {
  const at = done.findIndex(({ truth, proposals }) => {
    const right = truth.length - outcomeOf(proposals, truth).drawn.length
    return truth.length > 0 && right >= truth.length / 2
  })
  return at < 0 ? null : at + 1
}

/** How often the labeller's mistakes were proposed to him again: classes that are none of the object's. */
function comesBack(done: readonly Done[]) {
  let [proposals, wrongClass] = [0, 0]
  for (const { truth, proposals: shown } of done) {
    proposals += shown.length
    wrongClass += shown.filter((one) => {
      const there = truth.filter(({ box }) => iou(box, one.box) >= ABOUT)
      return there.length > 0 && there.every(({ classId }) => classId !== one.classId)
    }).length
  }
  return { mistakes: done.reduce((sum, { mistakes }) => sum + mistakes.length, 0), proposals, wrongClass }
}

/** Of the labels that are listed for a second look, how many are mistakes; of the mistakes, how many are listed. */
function doubtsFound(done: readonly Done[]) {
  const doubts = host.assist.doubts()
  const isAbout = (image: number, { truth }: Mistake, doubt: (typeof doubts)[number]): boolean =>
    doubt.image === image && iou(doubt.box, truth.box) >= ABOUT
  const all = done.flatMap(({ image, mistakes }) => mistakes.map((mistake) => ({ image, mistake })))
  const right = doubts.filter((doubt) =>
    all.some(({ image, mistake }) => isAbout(image, mistake, doubt)),
  ).length
  const found = all.filter(({ image, mistake }) =>
    doubts.some((doubt) => isAbout(image, mistake, doubt)),
  ).length
  return {
    ...{ listed: doubts.length, right, mistakes: all.length },
    precision: doubts.length === 0 ? null : rounded(right / doubts.length),
    recall: all.length === 0 ? null : rounded(found / all.length),
  }
}
