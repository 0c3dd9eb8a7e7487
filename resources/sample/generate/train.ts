/**
 * Trains the run that comes with the sample, as a user would in the studio, and keeps what is worth looking at in run/:
 * its record, curves, evaluations and pinned predictions, and the best checkpoint rounded to half precision.
 *
 *   node resources/sample/generate/train.ts FOLDER
 *
 * It learns from the training pictures and from further scenes of the generator, which are too many to bundle. They are
 * rendered into FOLDER unless they lie there already. The validation pictures are never among them.
 * What resuming needs is left out: the run is finished. data.json names images by their path in the sample.
 */
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { RUN_FILES } from '../../../src/core/contract/run-record.ts'
import type { DatasetImage } from '../../../src/core/formats/dataset.ts'
import { decodeSafetensors, encodeSafetensors, type Tensor } from '../../../src/core/formats/safetensors.ts'
import { createHost } from '../../../src/main/studio/api/create-host.ts'
import { dispatch } from '../../../src/main/studio/api/dispatch.ts'
import { openSample } from '../../../src/main/studio/api/opening.ts'
import { loadDataset, writeDataset } from '../../../src/main/studio/datasets/index.ts'
import { compose, SEED } from './compose.ts'
import { labelled } from './dataset.ts'
import { photograph } from './photograph.ts'
import { SCENES } from './recipes.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const SAMPLE = path.join(ROOT, 'resources/sample')
const RUN = path.join(SAMPLE, 'run')
/** Scenes beyond those of the sample. */
const FURTHER = 170
/** More than the preset's 416, for the smallest pieces. */
const SIZE = 512
/** Pinned images, by file name: large and small pieces, near and far. */
const PINNED = ['table-01.jpg', 'table-06.jpg']
const PINNED_EVERY = 50

const [further] = process.argv.slice(2)
if (!further) throw new Error('Usage: node resources/sample/generate/train.ts FOLDER')
const folder = await mkdtemp(path.join(tmpdir(), 'fcos-sample-'))
process.env.FCOS_HOME = path.join(folder, 'home')
const host = createHost({ shell: 'browser', root: ROOT, cacheFolder: path.join(folder, 'cache') })
try {
  const made = await openSample(await enlargedSample(path.join(folder, 'sample')), folder, host.settings)
  made.close()
  await dispatch(host, 'project.open', { path: made.path })
  const { project, runs } = host
  const images = PINNED.flatMap((name) => project.find(name))
  const { id } = runs.start(
    {
      model: { kind: 'pretrained', architecture: 'lite0' },
      learnFrom: 'train',
      measureWith: 'val',
      overfit: null,
      options: { training: { size: SIZE } },
    },
    { images, every: PINNED_EVERY },
    'Run 1',
  )
  host.subscribe((event, data) => {
    if (event === 'job') process.stderr.write(`\r${(data as { detail: string }).detail.padEnd(100)}`)
  })
  while (host.jobs.list().some(({ state }) => state === 'running'))
    await new Promise((next) => setTimeout(next, 500))
  const trained = runs.store.get(id)
  if (trained.note.state !== 'done') throw new Error(JSON.stringify(trained.note))
  await keep(trained.folder, path.dirname(project.path))
} finally {
  await host.close()
  await rm(folder, { recursive: true, force: true })
}

/** The sample without its run, with the further scenes among its training pictures. */
async function enlargedSample(to: string): Promise<string> {
  await cp(path.join(SAMPLE, 'images'), path.join(to, 'images'), { recursive: true })
  await cp(path.join(SAMPLE, 'val.json'), path.join(to, 'val.json'))
  const { dataset } = await loadDataset(path.join(SAMPLE, 'train.json'))
  const scenes: DatasetImage[] = []
  await mkdir(further, { recursive: true })
  for (let index = SCENES; index < SCENES + FURTHER; index++) {
    const world = compose(SEED, index)
    const image = labelled(world, index)
    const file = path.join(further, image.fileName)
    if (!existsSync(file)) await writeFile(file, await photograph(world))
    await cp(file, path.join(to, 'images', image.fileName))
    scenes.push(image)
    process.stderr.write(`\r${scenes.length} of ${FURTHER} further scenes`)
  }
  const images = [...dataset.images, ...scenes]
  await writeDataset(
    { ...dataset, images },
    { format: 'coco', out: path.join(to, 'train.json'), overwrite: true },
  )
  return to
}

async function keep(from: string, projectFolder: string): Promise<void> {
  await rm(RUN, { recursive: true, force: true })
  await mkdir(RUN, { recursive: true })
  for (const name of ['studio.json', RUN_FILES.log, RUN_FILES.evaluations, 'pinned']) {
    await cp(path.join(from, name), path.join(RUN, name), { recursive: true })
  }
  // Where the ImageNet weights lay on this machine says nothing to another one.
  const { weights, ...record } = JSON.parse(await readFile(path.join(from, RUN_FILES.record), 'utf8'))
  await writeFile(path.join(RUN, RUN_FILES.record), `${JSON.stringify(record, null, 2)}\n`)
  const data = await readFile(path.join(from, RUN_FILES.data), 'utf8')
  const prefix = JSON.stringify(`${projectFolder}${path.sep}`).slice(1, -1)
  await writeFile(path.join(RUN, RUN_FILES.data), data.replaceAll(prefix, ''))
  await writeFile(path.join(RUN, RUN_FILES.best), halved(await readFile(path.join(from, RUN_FILES.best))))
}

function halved(file: Uint8Array): Uint8Array {
  const { tensors, metadata } = decodeSafetensors(file)
  const rounded = [...tensors].map(([name, { dtype, shape, bytes }]): [string, Tensor] => {
    if (dtype !== 'F32') return [name, { dtype, shape, bytes }]
    const values = new Float32Array(Uint8Array.from(bytes).buffer)
    return [name, { dtype: 'F16', shape, bytes: new Uint8Array(Float16Array.from(values).buffer) }]
  })
  return encodeSafetensors(rounded, metadata)
}
