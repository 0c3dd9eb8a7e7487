/** The way back: a job's run becomes an ordinary run, whole or not at all. */
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs'
import { copyFile, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { Evaluated } from '../../core/contract/engine.ts'
import { JOB_RUN_FILES } from '../../core/contract/job.ts'
import { writeRunData } from '../../core/contract/run-data.ts'
import { RUN_FILES, runExists } from '../../core/contract/run-record.ts'
import { CodedError } from '../../core/errors.ts'
import { decodeSafetensors } from '../../core/formats/safetensors.ts'
import { LineReader } from './events.ts'
import { openJob, runFolderOf, withSource } from './job-folder.ts'

export interface Fetched {
  readonly steps: number
  /** Of those that it was to take. */
  readonly of: number
  readonly complete: boolean
  /** What the program had to say, without its steps. */
  readonly notes: readonly string[]
  /** What is in the job's folder and was not taken. */
  readonly left: readonly string[]
  /** The folder of the images is not on this machine. */
  readonly imagesAreElsewhere: boolean
}

const TAKEN = ['record', 'log', 'evaluations', 'state', 'best', 'last'] as const
/** A folder that would be a run if it were not for its name. */
const PARTIAL = '.fetching-'

const Step = z.object({ step: z.int().min(0), loss: z.number().nullable() })
const Progress = z.object({ step: z.int().min(0), owesEvaluation: z.boolean().default(false) })

/**
 * Takes a job's run into a new folder, or into that of the run that it goes on with. Only files of a run are taken, and each is checked first: nothing that a file holds is
 * ever executed.
 *
 * @throws CodedError USAGE_JOB for a job that is not as it was packed, or whose files are none of a run; USAGE_NO_RUN where
 *   nothing was trained yet; USAGE_RUN_EXISTS; IO_*. Nothing is then left in `out`.
 */
export async function fetchRun(
  job: string,
  out: string,
  { replace = false }: { readonly replace?: boolean } = {},
): Promise<Fetched> {
  const { job: packed, record, data } = openJob(job)
  const run = runFolderOf(job)
  const entries = readdirSync(run)
  const ours = new Set<string>([...Object.values(RUN_FILES), ...Object.values(JOB_RUN_FILES)])
  const at = (name: keyof typeof RUN_FILES): string => path.join(run, RUN_FILES[name])
  if (!existsSync(at('state'))) {
    throw new CodedError(
      'USAGE_NO_RUN',
      `${job}: nothing was trained yet`,
      'Start it, or wait for its first steps',
    )
  }
  for (const name of TAKEN)
    if (existsSync(at(name)) && !lstatSync(at(name)).isFile()) throw wrong(at(name), 'it is no file')
  const { step, owesEvaluation } = checkState(at('state'))
  checkLines(at('log'), Step)
  checkLines(at('evaluations'), Evaluated)
  for (const name of ['best', 'last'] as const) if (existsSync(at(name))) checkTensors(at(name))
  if (step > record.options.steps)
    throw wrong(at('state'), `it is of step ${step} of ${record.options.steps}`)

  if (!replace && existsSync(path.join(out, RUN_FILES.record))) throw runExists(out)
  const partial = path.join(path.dirname(path.resolve(out)), `${PARTIAL}${path.basename(out)}`)
  await rm(partial, { recursive: true, force: true })
  try {
    await mkdir(partial, { recursive: true })
    for (const name of TAKEN)
      if (existsSync(at(name))) await copyFile(at(name), path.join(partial, RUN_FILES[name]))
    await writeFile(path.join(partial, RUN_FILES.data), writeRunData(withSource(data, packed.images.source)))
    await settle(partial, out)
  } catch (error) {
    await rm(partial, { recursive: true, force: true })
    throw error
  }
  return {
    ...{ steps: step, of: record.options.steps, complete: step === record.options.steps && !owesEvaluation },
    notes: notesOf(path.join(run, JOB_RUN_FILES.events)),
    left: entries.filter((name) => !ours.has(name)),
    imagesAreElsewhere: !existsSync(packed.images.source),
  }
}

/** Into a folder that does not exist, or that has the studio's own files already. */
async function settle(partial: string, out: string): Promise<void> {
  await mkdir(path.dirname(path.resolve(out)), { recursive: true })
  if (!existsSync(out)) return rename(partial, out)
  // The record comes last: with it, there is a run.
  const names = readdirSync(partial).toSorted(
    (a, b) => Number(a === RUN_FILES.record) - Number(b === RUN_FILES.record),
  )
  for (const name of names) await rename(path.join(partial, name), path.join(out, name))
  await rm(partial, { recursive: true })
}

const wrong = (file: string, why: string, cause?: unknown): CodedError =>
  new CodedError(
    'USAGE_JOB',
    `${file} is not what a run writes: ${why}`,
    'Nothing was fetched. Copy the job again',
    { cause },
  )

function checkTensors(file: string): Readonly<Record<string, string>> {
  try {
    return decodeSafetensors(readFileSync(file)).metadata
  } catch (cause) {
    throw wrong(file, (cause as Error).message, cause)
  }
}

function checkState(file: string): z.infer<typeof Progress> {
  const { progress = 'null' } = checkTensors(file)
  try {
    return Progress.parse(JSON.parse(progress))
  } catch (cause) {
    throw wrong(file, 'it does not say its step', cause)
  }
}

function checkLines(file: string, schema: z.ZodType): void {
  for (const [i, line] of new LineReader(file).read().entries()) {
    try {
      schema.parse(JSON.parse(line))
    } catch (cause) {
      throw wrong(file, `line ${i + 1} is damaged`, cause)
    }
  }
}

const Note = z.object({ kind: z.literal('note'), message: z.string() })

function notesOf(file: string): string[] {
  return new LineReader(file).read().flatMap((line) => {
    try {
      return Note.safeParse(JSON.parse(line)).data?.message ?? []
    } catch {
      return []
    }
  })
}
