/**
 * Jobs: runs that the Python program in resources/job trains, here or on other machines. A job folder is a run folder that
 * has not begun, with that program, and the images or where they lie:
 *
 *   JOB/job.json  run/{run.json, data.json, start.safetensors}  images/…  program/fcos_job/…  launch/…
 *
 * Only JSON and safetensors come back, and nothing of them is believed before it is checked.
 */
import { z } from 'zod'
import type { FcosConfig } from '../detectors/fcos/config.ts'
import type { ModelConfig } from '../detectors/model-config.ts'
import { tileSide } from '../detectors/shared/tiles.ts'
import { CodedError, type ErrorCode } from '../errors.ts'
import { sampleRules } from '../training/tiles.ts'
import { countOf } from '../words.ts'
import { Evaluated } from './engine/training.ts'
import type { RunData } from './run-data.ts'
import type { TrainingOptions } from './training.ts'

export const JOB_FILES = {
  record: 'job.json',
  run: 'run',
  images: 'images',
  /** Images whose predictions are shown while it trains. */
  pinned: 'pinned',
  program: 'program',
  launch: 'launch',
  /** Where a job was handed to a cluster. */
  submitted: 'submitted.json',
} as const

/** What the program writes into a run folder for whoever started it, beside the run's own files. */
export const JOB_RUN_FILES = {
  /** JSON lines, each a JobEvent. */
  events: 'events.jsonl',
  /** Holds `pause` or `stop`; missing or empty: go on. */
  control: 'control',
  /** Why it failed. */
  fault: 'fault.json',
} as const

/** Detectors that the program has. */
const DETECTORS: readonly string[] = ['fcos']

/** The oldest versions that the program runs with. */
export const NEEDED = { python: '3.10', torch: '2.6', ray: '2.40' } as const

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/)

export const JobRecord = z.strictObject({
  format: z.literal('fcos-studio-job'),
  version: z.literal(1),
  /** Of program/, as programHash has it. */
  program: Sha256,
  /** Of files in run/ as they were packed. */
  files: z.record(z.string(), Sha256),
  images: z.strictObject({
    /** `images`, an absolute folder that every machine of the job sees, or a URI. Paths in data.json start from there. */
    base: z.string().min(1),
    /** The folder from which they came, where the run is opened again. */
    source: z.string().min(1),
    count: z.int().min(0),
  }),
  needs: z.strictObject({ python: z.string(), torch: z.string(), ray: z.string() }),
})
export type JobRecord = z.infer<typeof JobRecord>

export const Submitted = z.strictObject({
  address: z.string(),
  id: z.string().regex(/^[\w-]+$/),
  /** The job's folder as this machine and the cluster see it. */
  folder: z.string(),
})
export type Submitted = z.infer<typeof Submitted>

const size = z.object({ width: z.int(), height: z.int() })

/** As the engine's events (engine/training.ts), but for what does not go into JSON. */
export const JobEvent = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('plan'), resumedFrom: z.int().nullable() }),
  z.object({ kind: z.literal('note'), message: z.string() }),
  z.object({ kind: z.literal('paused') }),
  z.object({ kind: z.literal('continued') }),
  z.object({
    kind: z.literal('step'),
    step: z.int(),
    steps: z.int(),
    loss: z.number(),
    figures: z.record(z.string(), z.number()),
    rate: z.number(),
    gradientNorm: z.number(),
    positives: z.number(),
    imagesPerSecond: z.number(),
    remainingSeconds: z.number(),
    device: z.enum(['cpu', 'gpu']),
    memoryMb: z.number(),
    peakMb: z.number(),
  }),
  Evaluated.extend({ kind: z.literal('evaluated'), best: z.boolean() }),
  z.object({
    kind: z.literal('pinned'),
    step: z.int(),
    index: z.int(),
    image: size,
    resized: size,
    input: size,
    detections: z.array(
      z.object({
        box: z.tuple([z.number(), z.number(), z.number(), z.number()]),
        categoryId: z.int(),
        score: z.number(),
      }),
    ),
    /** float32, little-endian, in base64. */
    maps: z.record(z.string(), z.base64()),
  }),
  z.object({
    kind: z.literal('ended'),
    steps: z.int(),
    complete: z.boolean(),
    evaluation: Evaluated.nullable(),
  }),
])
export type JobEvent = z.infer<typeof JobEvent>

const CODE = /^(USAGE|DATA|WEIGHTS|RUNTIME|ENGINE|TRAIN|IO)_\w+$/
/** The program's own words of why it failed. */
export const Fault = z.object({
  code: z.custom<ErrorCode>((code) => typeof code === 'string' && CODE.test(code)),
  message: z.string(),
  remedy: z.string().optional(),
})

/** A device of a Python's PyTorch. */
export const TorchDevice = z.object({
  kind: z.enum(['cuda', 'mps', 'cpu']),
  /** "NVIDIA RTX 4070" */
  name: z.string(),
  memoryMb: z.number().nullable(),
})
export type TorchDevice = z.infer<typeof TorchDevice>

type Part = 'assignment' | 'head' | 'loss'
/** `known`: the program trains with any value of it. Else: whether it does with this one, and what is said where it does not. */
type Support<Value> = 'known' | { readonly accepts: (value: Value) => boolean; readonly otherwise: string }
/** Every setting of FCOS: one that is added there does not compile until it is decided here. */
const SETTINGS: {
  readonly [P in Part]: { readonly [S in keyof Required<FcosConfig[P]>]: Support<FcosConfig[P][S]> }
} = {
  assignment: {
    location: 'known',
    ranges: 'known',
    area: 'known',
    radius: 'known',
    regressionRanges: 'known',
    masks: {
      accepts: (masks) => masks === undefined,
      otherwise: 'The PyTorch program assigns locations by boxes alone, not by outlines (assignment.masks)',
    },
  },
  head: {
    channels: 'known',
    depth: 'known',
    norm: {
      accepts: (norm) => norm !== 'batch',
      otherwise:
        'Towers with BatchNorm (head.norm) cannot be trained in several processes alike, since each sees a part of the batch',
    },
    groups: 'known',
    centernessOn: 'known',
    distance: 'known',
    levelScale: 'known',
  },
  loss: {
    box: 'known',
    boxWeight: 'known',
    quality: {
      accepts: (quality) => quality !== 'none',
      otherwise: 'The PyTorch program always learns a quality branch (loss.quality)',
    },
    focalAlpha: 'known',
    focalGamma: 'known',
  },
}

/**
 * Of the images that a run learns from and is measured with.
 *
 * @throws CodedError USAGE_JOB_MODEL where it would take some of them in tiles.
 */
export function requireWholeImages(
  { data, validation }: RunData,
  {
    model: { input },
    options,
  }: { readonly model: Pick<ModelConfig, 'input'>; readonly options: TrainingOptions },
): void {
  // Runs of before there were tiles have never had any here.
  if (options.tile === undefined) return
  const { rule, tiling } = sampleRules(data.images, input, options)
  const images = [...data.images, ...(validation?.images ?? [])]
  const tiled = images.filter((image) => tileSide(image, rule, tiling) !== null).length
  if (tiled === 0) return
  throw new CodedError(
    'USAGE_JOB_MODEL',
    `The PyTorch program has no tiles, in which ${countOf(tiled, 'large image')} would be seen`,
    "Nothing was started. Choose --tile off, which shrinks large images whole, or the studio's own engine",
  )
}

/** What is known of a model before its weights are read: less than a whole configuration. */
type Known = { readonly detector?: string | undefined } & {
  readonly [P in Part]?: Readonly<Record<string, unknown>> | undefined
}

/**
 * @param use what it is to do: a network that learnt in another way detects all the same.
 * @throws CodedError USAGE_JOB_DETECTOR, USAGE_JOB_MODEL for models that the program does not have.
 */
export function requireProgramFor(
  model: Pick<Partial<ModelConfig>, 'detector' | Part>,
  use: 'train' | 'detect' = 'train',
  { learn }: { readonly learn?: string | undefined } = {},
): void {
  const { detector = 'fcos' } = model
  const remedy = "Nothing was started. Use the studio's own engine"
  if (!DETECTORS.includes(detector)) {
    const known = DETECTORS.join(', ')
    throw new CodedError(
      'USAGE_JOB_DETECTOR',
      `${detector} has no PyTorch program yet, only ${known} has`,
      remedy,
    )
  }
  const parts = use === 'train' ? (['assignment', 'head', 'loss'] as const) : (['head'] as const)
  for (const part of parts) {
    for (const [setting, value] of Object.entries((model as Known)[part] ?? {})) {
      const support = (SETTINGS[part] as Readonly<Record<string, Support<unknown> | undefined>>)[setting]
      if (support === 'known' || support?.accepts(value)) continue
      const otherwise =
        support?.otherwise ?? `The PyTorch program does not know the setting ${part}.${setting}`
      throw new CodedError('USAGE_JOB_MODEL', otherwise, remedy)
    }
  }
  // Its weights could not even be read there.
  if ((model as Known).loss?.quality === 'none')
    throw new CodedError(
      'USAGE_JOB_MODEL',
      'The PyTorch program has no model without a quality branch (loss.quality)',
      remedy,
    )
  if (use === 'train' && learn === 'quality')
    throw new CodedError('USAGE_JOB_MODEL', 'The PyTorch program does not train centerness alone', remedy)
}
