/** Ways to a project. */
import { existsSync } from 'node:fs'
import { cp, mkdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { EngineData } from '../../../core/contract/engine.ts'
import { RunData, writeRunData } from '../../../core/contract/run-data.ts'
import { RUN_FILES } from '../../../core/contract/run-record.ts'
import { CodedError } from '../../../core/errors.ts'
import { replaceFile } from '../../files/replace-file.ts'
import { keyOf } from '../../images/image-file.ts'
import { IMAGE_FILE } from '../datasets/files.ts'
import { loadDataset } from '../datasets/index.ts'
import { freezeLabels, labelledImages } from '../evaluation/frozen.ts'
import { keep } from '../evaluation/prepare.ts'
import { rememberUse } from '../models/model-choice.ts'
import {
  createProject,
  importDataset,
  openProject,
  PROJECT_FILE,
  type Project,
  scanImages,
} from '../project/index.ts'
import { readNote } from '../runs/run-note.ts'
import { RunStore, runIdOf, type StoredRun } from '../runs/run-store.ts'
import type { Settings } from '../settings.ts'
import { SAMPLE_EVALUATION, SAMPLE_QUERY, SampleEvaluation, unpackDetections } from './sample-evaluation.ts'

/**
 * A project's file, its folder, or a folder of images that becomes a project; for an image or a file of labels, the folder
 * that it lies in. Throws DATA_NOT_FOUND and the errors of
 * openProject and createProject.
 */
export async function openOrCreate(path: string): Promise<Project> {
  const stats = await stat(path).catch(() => undefined)
  if (stats === undefined) throw new CodedError('DATA_NOT_FOUND', `There is nothing at ${path}`)
  const isInFolder = stats.isFile() && (IMAGE_FILE.test(path) || LABEL_FILE.test(path))
  const at = isInFolder ? dirname(path) : path
  if ((isInFolder || stats.isDirectory()) && !existsSync(join(at, PROJECT_FILE))) return createProject(at)
  return openProject(at)
}

const LABEL_FILE = /\.(json|csv|ya?ml|xml)$/i

export const sampleIn = (dataFolder: string): string => join(dataFolder, 'sample')

/**
 * The user's own copy of the bundled sample, made at first with its labels, splits, a trained run that is in use, and an
 * evaluation of it.
 */
export async function openSample(
  sampleFolder: string,
  dataFolder: string,
  settings: Settings,
): Promise<Project> {
  const folder = sampleIn(dataFolder)
  if (existsSync(join(folder, PROJECT_FILE))) return openProject(folder)
  const fresh = join(dataFolder, `.sample-${process.pid}`)
  await rm(fresh, { recursive: true, force: true })
  await mkdir(fresh, { recursive: true })
  await cp(join(sampleFolder, 'images'), join(fresh, 'images'), { recursive: true })
  const project = await createProject(fresh)
  let ids: ReadonlyMap<string, number>
  try {
    await scanImages(project)
    ids = new Map(project.images.list(project.find('')).map(({ path, id }) => [path, id]))
    for (const split of ['train', 'val'] as const) {
      const { dataset } = await loadDataset(join(sampleFolder, `${split}.json`))
      const images = dataset.images.map((image) => ({ ...image, splits: [split] }))
      await importDataset(project, {
        dataset: { ...dataset, images },
        imageRoot: join(fresh, 'images'),
        problems: [],
      })
    }
    // The first Ctrl+Z must not remove the sample's labels.
    project.history.forget()
  } finally {
    project.close()
  }
  const run = await layRun(join(sampleFolder, 'run'), fresh, folder, ids)
  await rm(folder, { recursive: true, force: true })
  await rename(fresh, folder)
  const made = await openProject(folder)
  try {
    if (run) {
      const stored = new RunStore(made, dataFolder).get(run)
      const { checkpoint } = stored.summary
      if (checkpoint) {
        rememberUse(settings, made.path, checkpoint)
        await layEvaluation(sampleFolder, made, checkpoint, stored)
      }
    }
    return made
  } catch (error) {
    made.close()
    throw error
  }
}

/** As if the user had just evaluated the run. */
async function layEvaluation(
  sampleFolder: string,
  project: Project,
  checkpoint: string,
  run: StoredRun,
): Promise<void> {
  const file = join(sampleFolder, SAMPLE_EVALUATION)
  if (!existsSync(file)) return
  const stored = SampleEvaluation.parse(JSON.parse(await readFile(file, 'utf8')))
  const images = labelledImages(project, SAMPLE_QUERY)
  const { truth } = freezeLabels(project, images, false)
  await keep(
    project,
    {
      title: run.note.name,
      source: { kind: 'model', path: checkpoint },
      ...{ query: SAMPLE_QUERY, otherImages: 0, unreadImages: 0, outside: 0, masklessDetections: 0 },
      modelKey: await keyOf(checkpoint),
    },
    images,
    unpackDetections(stored, truth),
    { signal: new AbortController().signal, report: () => {} },
  )
}

/**
 * The sample's run names images by their path in the sample, and has learnt from others too, in a project of its own. A run's own
 * data names files, and has the ids of the project that it lies in. Returns the run's id.
 */
async function layRun(
  from: string,
  into: string,
  projectFolder: string,
  ids: ReadonlyMap<string, number>,
): Promise<string | undefined> {
  const note = readNote(from)
  if (note === undefined) return undefined
  const id = runIdOf(note.created)
  const folder = join(into, 'runs', id)
  await cp(from, folder, { recursive: true })
  const { data, validation } = RunData.parse(JSON.parse(await readFile(join(from, RUN_FILES.data), 'utf8')))
  let unused = Math.max(...ids.values())
  const placed = (set: EngineData): EngineData => ({
    ...set,
    images: set.images.map((image) => ({
      ...image,
      id: ids.get(image.path) ?? ++unused,
      path: join(projectFolder, image.path),
    })),
  })
  const text = writeRunData({ data: placed(data), validation: validation && placed(validation) })
  await replaceFile(join(folder, RUN_FILES.data), text)
  return id
}
