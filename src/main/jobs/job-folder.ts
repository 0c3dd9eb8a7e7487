/** A job's folder: packed here, carried anywhere, and believed only after a look. */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { copyFile, link, mkdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { EngineData } from '../../core/contract/engine.ts'
import { JOB_FILES, JobRecord, NEEDED, requireWholeImages } from '../../core/contract/job.ts'
import { RunData, writeRunData } from '../../core/contract/run-data.ts'
import { RUN_FILES, RunRecord } from '../../core/contract/run-record.ts'
import { CodedError, fileFault } from '../../core/errors.ts'
import { replaceFile } from '../files/replace-file.ts'
import { launchFiles } from './launch-files.ts'
import { PROGRAM, programFiles, programHash } from './python.ts'

/** copy, link (hard links, where the disk allows), or the folder or URI where the job's machines see the images. */
export type ImagePlan = string

/** What a run goes on from, and what tells it from others. */
const CARRIED = ['record', 'data', 'start', 'state', 'log', 'evaluations', 'best', 'last'] as const
export const runFolderOf = (job: string): string => path.join(job, JOB_FILES.run)

/** Throws DATA_EXISTS for a folder that holds anything: what is packed there is removed again where it cannot be completed. */
export function requireNewFolder(job: string): void {
  if (!existsSync(job) || readdirSync(job).length === 0) return
  if (existsSync(path.join(job, JOB_FILES.record))) {
    const remedy = 'Go on with it (`fcos job run`, then `fcos job fetch`), or remove that folder'
    throw new CodedError('DATA_EXISTS', `${job} holds a job already`, remedy)
  }
  throw new CodedError('DATA_EXISTS', `${job} is not empty`, 'Give a new folder')
}

/** Makes a job in a new folder; of one that cannot be completed nothing is left. */
export async function inNewFolder<T>(job: string, make: () => Promise<T>): Promise<T> {
  requireNewFolder(job)
  try {
    return await make()
  } catch (error) {
    await rm(job, { recursive: true, force: true })
    throw error
  }
}

/**
 * Makes a job of the run in JOB/run: images and program come beside it, and paths become relative.
 *
 * @throws CodedError USAGE_JOB_MODEL for images in tiles; IO_*; then job.json is missing, without which nothing is a job.
 */
export async function packJob(
  job: string,
  plan: ImagePlan,
  report: (done: number, total: number) => void,
  from = PROGRAM,
): Promise<JobRecord> {
  const run = runFolderOf(job)
  const { data, record: of } = readRun(run)
  requireWholeImages(data, of)
  const files = [...new Set(imagesOf(data).map((image) => path.resolve(image)))]
  const source = commonFolder(files)
  const way = plan === 'copy' || plan === 'link' ? plan : null
  if (way) await carry(files, source, path.join(job, JOB_FILES.images), way, report)
  const relative = (of: EngineData): EngineData => ({
    ...of,
    images: of.images.map((image) => ({ ...image, path: toRelative(source, path.resolve(image.path)) })),
  })
  const { data: training, validation } = data
  const text = writeRunData({ data: relative(training), validation: validation && relative(validation) })
  await replaceFile(path.join(run, RUN_FILES.data), text)
  const program = path.join(job, JOB_FILES.program)
  for (const name of programFiles(from)) {
    await mkdir(path.dirname(path.join(program, name)), { recursive: true })
    await copyFile(path.join(from, name), path.join(program, name))
  }
  const hashes = CARRIED.filter((name) => existsSync(path.join(run, RUN_FILES[name]))).map((name) => [
    RUN_FILES[name],
    hashOf(path.join(run, RUN_FILES[name])),
  ])
  const record: JobRecord = {
    ...{ format: 'fcos-studio-job', version: 1 },
    program: programHash(program),
    files: Object.fromEntries(hashes),
    images: { base: way ? JOB_FILES.images : plan, source, count: files.length },
    needs: NEEDED,
  }
  await mkdir(path.join(job, JOB_FILES.launch), { recursive: true })
  for (const [name, content] of Object.entries(launchFiles(record)))
    await writeFile(path.join(job, JOB_FILES.launch, name), content, {
      mode: name.endsWith('.sh') ? 0o755 : 0o644,
    })
  // Last: with it, there is a job.
  await replaceFile(path.join(job, JOB_FILES.record), `${JSON.stringify(record, null, 2)}\n`)
  return record
}

/** Takes a run that has begun into a job's folder, to go on there. */
export async function takeRun(from: string, job: string): Promise<RunRecord> {
  const { record } = readRun(from)
  if (!existsSync(path.join(from, RUN_FILES.state)) && !existsSync(path.join(from, RUN_FILES.start))) {
    throw new CodedError('USAGE_NO_RUN', `${from} has no saved state to go on from`, 'Pack a new run instead')
  }
  const run = runFolderOf(job)
  await mkdir(run, { recursive: true })
  for (const name of CARRIED) {
    const file = path.join(from, RUN_FILES[name])
    if (existsSync(file)) await copyFile(file, path.join(run, RUN_FILES[name]))
  }
  return record
}

/**
 * A job as it was packed: its program, record, data and starting weights are compared with their hashes.
 *
 * @throws CodedError USAGE_JOB, naming the file.
 */
export function openJob(job: string): {
  readonly job: JobRecord
  readonly record: RunRecord
  readonly data: RunData
} {
  const file = path.join(job, JOB_FILES.record)
  const parsed = JobRecord.safeParse(readJson(file, `${job} is no job`))
  if (!parsed.success) {
    const version = (readJson(file, '') as { version?: unknown }).version
    const why = typeof version === 'number' && version > 1 ? 'was packed by a newer version' : 'is damaged'
    throw new CodedError('USAGE_JOB', `${file} ${why}`, 'Pack the job again')
  }
  requireAsPacked(job, parsed.data)
  return { job: parsed.data, ...readRun(runFolderOf(job)) }
}

/** Nobody edits a run by hand and gets an ordinary run back. */
function requireAsPacked(job: string, { program, files }: JobRecord): void {
  const changed = (name: string): CodedError =>
    new CodedError('USAGE_JOB', `${path.join(job, name)} is not as it was packed`, 'Pack the job again')
  // The program writes the other files of a run.
  for (const name of [RUN_FILES.record, RUN_FILES.data, RUN_FILES.start]) {
    const file = path.join(runFolderOf(job), name)
    const now = existsSync(file) ? hashOf(file) : undefined
    if (now !== files[name]) throw changed(path.join(JOB_FILES.run, name))
  }
  let now = ''
  try {
    now = programHash(path.join(job, JOB_FILES.program))
  } catch {
    // A file is missing.
  }
  if (now !== program) throw changed(JOB_FILES.program)
}

function readRun(run: string): { readonly record: RunRecord; readonly data: RunData } {
  const wrong = `${run} contains no training run`
  const record = RunRecord.safeParse(readJson(path.join(run, RUN_FILES.record), wrong))
  const data = RunData.safeParse(readJson(path.join(run, RUN_FILES.data), wrong))
  if (record.success && data.success) return { record: record.data, data: data.data }
  throw new CodedError(
    'USAGE_JOB',
    `${run}: its ${record.success ? 'data.json' : 'run.json'} is damaged`,
    'Pack the job again',
  )
}

function readJson(file: string, what: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw new CodedError('USAGE_JOB', `${what}: ${file} cannot be read`, 'Give the folder of a packed job', {
      cause,
    })
  }
}

/** Absolute paths again, of the images where they came from. */
export function withSource(data: RunData, source: string): RunData {
  const absolute = (of: EngineData): EngineData => ({
    ...of,
    images: of.images.map((image) => ({ ...image, path: path.join(source, ...image.path.split('/')) })),
  })
  return { data: absolute(data.data), validation: data.validation && absolute(data.validation) }
}

/** Images of an absolute base on this machine that are not there. */
export async function missingImages(data: RunData, base: string): Promise<string[]> {
  if (!path.isAbsolute(base) || !existsSync(base)) return []
  return [...new Set(imagesOf(data))].filter((image) => !existsSync(path.join(base, ...image.split('/'))))
}

export const hashOf = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex')

const imagesOf = ({ data, validation }: RunData): string[] =>
  [...data.images, ...(validation?.images ?? [])].map((image) => image.path)

const toRelative = (root: string, file: string): string => path.relative(root, file).split(path.sep).join('/')

async function carry(
  files: readonly string[],
  source: string,
  to: string,
  plan: 'copy' | 'link',
  report: (done: number, total: number) => void,
): Promise<void> {
  for (const [i, file] of files.entries()) {
    const target = path.join(to, path.relative(source, file))
    await mkdir(path.dirname(target), { recursive: true })
    try {
      // A link of another disk is a copy.
      if (
        plan === 'copy' ||
        !(await link(file, target).then(
          () => true,
          () => false,
        ))
      )
        await copyFile(file, target)
    } catch (cause) {
      const { reason, remedy } = fileFault(cause)
      const code = (cause as NodeJS.ErrnoException).code === 'ENOSPC' ? 'IO_DISK_FULL' : 'IO_FILE'
      throw new CodedError(code, `${file} cannot be packed: ${reason}`, `Nothing was packed. ${remedy}`, {
        cause,
      })
    }
    report(i + 1, files.length)
  }
}

/** The deepest folder that holds all files. */
function commonFolder(files: readonly string[]): string {
  const [first = [''], ...others] = files.map((file) => path.dirname(file).split(path.sep))
  const differs = first.findIndex((part, i) => others.some((parts) => parts[i] !== part))
  return first.slice(0, differs === -1 ? undefined : differs).join(path.sep) || path.sep
}
