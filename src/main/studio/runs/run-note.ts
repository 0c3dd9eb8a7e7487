/** What the studio records about a run, in a file beside those of the engine. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { PinnedPlan, TrainingPlace } from '../../../core/contract/studio/runs.ts'
import { Id, WireErrorValue } from '../../../core/contract/studio/values.ts'
import { CodedError } from '../../../core/errors.ts'
import { replaceFileSync } from '../../files/replace-file.ts'

const FILE = 'studio.json'

export const RunNote = z.strictObject({
  format: z.literal('fcos-studio-run-note'),
  version: z.literal(1),
  name: z.string(),
  created: z.string(),
  /** `running` remains if the program was killed. */
  state: z.enum(['running', 'stopped', 'failed', 'done']),
  error: WireErrorValue.nullable(),
  from: z.string(),
  /** The image to overfit; null if the run learns from a data set. */
  overfit: Id.nullable(),
  pinned: PinnedPlan,
  /** Where it is trained and resumed; by default in the studio's engine. */
  place: TrainingPlace.exactOptional(),
  /** Set for Assist's run, which has no last step and continues when Assist is switched on. */
  assist: z.literal(true).optional(),
  /** Messages of the engine, the newest last. */
  notes: z.array(z.string()),
})
export type RunNote = z.infer<typeof RunNote>

/** Undefined if the folder is not a run of the studio. */
export function readNote(folder: string): RunNote | undefined {
  try {
    return RunNote.parse(JSON.parse(readFileSync(path.join(folder, FILE), 'utf8')))
  } catch {
    return undefined
  }
}

/** Replaces the whole note. Throws IO_RUN. */
export function writeNote(folder: string, note: RunNote): void {
  const file = path.join(folder, FILE)
  try {
    replaceFileSync(file, `${JSON.stringify(note, null, 2)}\n`)
  } catch (cause) {
    throw runError(folder, cause)
  }
}

export function runError(folder: string, cause: unknown): CodedError {
  const { message } = cause as Error
  const remedy =
    'Labels and other runs are unchanged. Check the free space and the permissions of this folder'
  return new CodedError('IO_RUN', `${folder} cannot be written: ${message}`, remedy, { cause })
}
