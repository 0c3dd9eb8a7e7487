/** Errors as the window words them: what to do is said by the window's means, never by a command or an option. */
import { type ErrorCode, toWire, type WireError } from '../../core/errors.ts'

/** A program to run, or an option of one. */
const COMMAND = /`|\bnpm\b|(^|\s)--[a-z]/

const RESTART = 'Quit the studio and start it again, so that it checks its engine'

/** What to do in the window about errors whose remedy is a command elsewhere. */
const REMEDIES: Readonly<Partial<Record<ErrorCode, string>>> = {
  DATA_AMBIGUOUS: 'Choose the labels of one format',
  DATA_EXISTS: 'Choose another name',
  DATA_IMAGES_AMBIGUOUS: 'Move the labels into the folder of their images',
  DATA_IMAGES_MISSING: 'Move the labels into the folder of their images',
  DATA_NO_MASK: 'Boxes can be compared without masks',
  DATA_STRICT: 'Nothing was written',
  ENGINE_DIED: 'Try again',
  ENGINE_TIMEOUT: RESTART,
  RUNTIME_BROKEN: RESTART,
  RUNTIME_DAMAGED: RESTART,
  RUNTIME_INFERENCE_ONLY: 'Train on another machine and bring the checkpoint here',
  RUNTIME_MISSING: RESTART,
  USAGE_NO_RUN: 'Start a new run',
  USAGE_ONNX: 'Export it as safetensors',
  USAGE_RESUME: 'Start a new run from its model',
  USAGE_RUNTIME: 'Quit the studio and start it without a runtime of your choice',
  USAGE_RUN_EXISTS: 'Resume that run, or start a new one',
}

/** What to do, in the window's words; empty where there is nothing to say. */
export function remedyFor({ code, remedy = '' }: WireError): string {
  if (!COMMAND.test(remedy)) return remedy
  const kept = remedy.split('. ').filter((sentence) => !COMMAND.test(sentence))
  return [...kept, ...(REMEDIES[code] ? [REMEDIES[code]] : [])].join('. ')
}

/** What happened and what to do, on one line. */
export function errorWords(error: unknown): string {
  const wire = toWire(error)
  const remedy = remedyFor(wire)
  return remedy ? `${wire.message}. ${remedy}` : wire.message
}
