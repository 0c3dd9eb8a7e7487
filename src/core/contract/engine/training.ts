/** Training runs: the request, the events of a run, and its expected cost. */
import { z } from 'zod'
import { ARCHITECTURES } from '../../detectors/architectures.ts'
import type { Outlines } from '../../detectors/assigner.ts'
import { InputConfig } from '../../detectors/model-config.ts'
import type { Size } from '../../geometry/box.ts'
import { AugmentConfig } from '../augmentation.ts'
import { TrainingFile, type TrainingOptions } from '../training.ts'
import type { Frame, ScoredBox } from './detection.ts'
import { EngineData, Path } from './images.ts'

/** What a run begins with. */
export const START = {
  /** A pretrained model's weights file, or a checkpoint of ours to start from; null to start from random weights. */
  weights: Path.nullable(),
  /** Of a run that starts from nothing. Weights bring their own, and a resumed run has one: null. */
  architecture: z.enum(ARCHITECTURES).nullable(),
  options: TrainingFile,
}

export const TrainRequest = z.object({
  method: z.literal('train'),
  /** The run's folder. */
  out: Path,
  ...START,
  /** For a new run. A resumed one keeps what it started with, which is in its folder. */
  data: EngineData.nullable(),
  validation: EngineData.nullable(),
  /** Continue from the last state saved in `out`. */
  resume: z.boolean(),
  /** Images to show predictions for, every so many steps. They change nothing in the run. */
  pinned: z.object({ images: z.array(Path).max(4), every: z.int().positive() }).optional(),
})
export type TrainRequest = z.infer<typeof TrainRequest>

/**
 * Makes the folder of a run that somebody else trains: its record, its data and the weights that it starts from. Of a
 * run that is resumed it only checks what is asked for, and takes over more steps.
 */
export const BeginRequest = z.object({
  method: z.literal('begin'),
  out: Path,
  ...START,
  data: EngineData.nullable(),
  validation: EngineData.nullable(),
  resume: z.boolean(),
})
export type BeginRequest = z.infer<typeof BeginRequest>

/** A few steps, to learn what the run would cost. Leaves no files. The peak is the process's: ask a fresh engine. */
export const ProbeRequest = z.object({ method: z.literal('probe'), ...START, data: EngineData })
export type ProbeRequest = z.infer<typeof ProbeRequest>

/**
 * One input as training would see it: an image of `data`, resized, varied by chance, with its boxes. Answered beside a
 * running job.
 */
export const TrainingInputRequest = z.object({
  method: z.literal('training-input'),
  /** With one image that is the one; of several the seed chooses, and mosaics are made of them. */
  data: EngineData,
  input: InputConfig,
  augment: AugmentConfig,
  seed: z.int().min(0),
  /** The part of a large image that is the sample; left out: all of it. */
  tile: z.object({ x: z.int(), y: z.int(), width: z.int(), height: z.int() }).optional(),
})
export type TrainingInputRequest = z.infer<typeof TrainingInputRequest>

export interface TrainingInput extends Size {
  /** [height, width, 3] RGB; the mean colour, which the network sees as 0, where no image lies. */
  readonly pixels: Uint8Array<ArrayBuffer>
  /** [N·4] x1, y1, x2, y2 in pixels of the input. */
  readonly boxes: Float32Array
  /** [N] indices into the categories of the data. */
  readonly classes: Int32Array
  /** [N] in the same pixels, null where only the box is known; left out where no object has one. */
  readonly outlines?: Outlines | undefined
  /** Boxes that cropping left too little of. */
  readonly droppedBoxes: number
}

export interface TrainStep {
  /** As in ModelConfig. */
  readonly detector?: string | undefined
  readonly step: number
  readonly steps: number
  readonly loss: number
  /** The losses and figures of the detector, by name. */
  readonly figures: Readonly<Record<string, number>>
  readonly rate: number
  readonly gradientNorm: number
  readonly positives: number
  readonly imagesPerSecond: number
  readonly remainingSeconds: number
  readonly device: 'cpu' | 'gpu'
  /** The engine's resident memory, now and at most, without a GPU's own. */
  readonly memoryMb: number
  readonly peakMb: number
}

export const Evaluated = z.object({
  step: z.int(),
  /** pycocotools' 12 numbers of boxes in its order. */
  stats: z.array(z.number()).readonly(),
  /** The same of masks, of a detector that finds outlines. */
  maskStats: z.array(z.number()).readonly().optional(),
  perCategory: z
    .array(z.object({ id: z.int(), name: z.string(), ap: z.number(), ap50: z.number() }))
    .readonly(),
})
export type Evaluated = Readonly<z.infer<typeof Evaluated>>

/** What the best checkpoint of a run is chosen by: AP of masks where the detector finds outlines, else of boxes. */
export const decidingAp = ({ stats, maskStats }: Pick<Evaluated, 'stats' | 'maskStats'>): number =>
  (maskStats ?? stats)[0]!

/** What the model of a step predicts for a pinned image. */
export interface PinnedPredictions extends Frame {
  readonly step: number
  /** Of TrainRequest.pinned.images. */
  readonly index: number
  readonly detections: readonly ScoredBox[]
  /** [L] shares by name: class_scores, the best class's p̂, and the detector's quality. */
  readonly maps: Readonly<Record<string, Float32Array>>
}

export type TrainingEvent =
  | {
      readonly kind: 'plan'
      readonly options: TrainingOptions
      readonly canvas: Size
      /** What was loaded from the weights, what was not, and why. */
      readonly loaded: string | null
      readonly resumedFrom: number | null
    }
  /** Features are computed before the first step; so many images are done. */
  | { readonly kind: 'preparing'; readonly done: number; readonly total: number }
  | ({ readonly kind: 'step' } & TrainStep)
  | ({ readonly kind: 'evaluated'; readonly best: boolean } & Evaluated)
  | ({ readonly kind: 'pinned' } & PinnedPredictions)

export interface TrainResult {
  readonly steps: number
  /** False if it was cancelled before its last step; it can be resumed. */
  readonly complete: boolean
  /** The checkpoint with the best validation AP, or the last one without validation images. */
  readonly checkpoint: string
  /** The best one of the whole run, also of what went before a resumption. */
  readonly evaluation: Evaluated | null
}

export interface ProbeResult {
  /** With the preset's choices filled in. */
  readonly options: TrainingOptions
  readonly canvas: Size
  readonly secondsPerStep: number
  /** What caching features takes before the first step; 0 without. */
  readonly prepareSeconds: number
  readonly peakMb: number
  /** False when it was cancelled: the figures are those of the steps that were taken, NaN without any. */
  readonly complete: boolean
}
