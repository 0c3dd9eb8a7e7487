/** The files of a training run's folder, for the engine that writes them and for whoever lists and compares runs. */

import { z } from 'zod'
import { ModelConfig } from '../detectors/detectors.ts'
import { CodedError } from '../errors.ts'
import { TrainingOptions } from './training.ts'

export const RUN_FILES = {
  /** RunRecord. With it, there is a run. */
  record: 'run.json',
  /** RunData: which boxes of which images it learns from and is measured with. */
  data: 'data.json',
  /** JSON lines: a TrainStep per step, and an Evaluated per evaluation. Steps count from 0 in both. */
  log: 'log.jsonl',
  evaluations: 'evaluations.jsonl',
  /** The model that a run starts from, where another program than the engine trains it. */
  start: 'start.safetensors',
  /** What resuming needs. */
  state: 'state.safetensors',
  /** The model with the best validation AP, and as of the last evaluation. */
  best: 'best.safetensors',
  last: 'last.safetensors',
  /** Folder of cached features, while it trains. */
  features: 'features',
  /** Folder of copies of large images, while it trains. */
  copies: 'copies',
} as const

/** The definition of a run, fixed when it starts, so that resuming cannot mix two runs. */
/** A new run never overwrites another. */
export const runExists = (folder: string): CodedError =>
  new CodedError(
    'USAGE_RUN_EXISTS',
    `${folder} already contains a training run`,
    'Continue it with --resume, or choose another folder',
  )

export const RunRecord = z.strictObject({
  format: z.literal('fcos-studio-run'),
  version: z.literal(1),
  model: ModelConfig,
  options: TrainingOptions,
  canvas: z.strictObject({ width: z.int().positive(), height: z.int().positive() }),
  images: z.int().positive(),
  /** What was loaded from the weights that the run started from. */
  loaded: z.string().nullable(),
  /** The file of weights that it started from; null without one. Older records do not say. */
  weights: z.string().nullable().optional(),
  /** When it started, ISO 8601, and on what. */
  started: z.iso.datetime(),
  device: z.enum(['cpu', 'gpu']),
})
export type RunRecord = z.infer<typeof RunRecord>
