/** Assist: a training run whose data are live, in an engine that does nothing else. */
import { z } from 'zod'
import type { LearningDepth } from '../training.ts'
import { EngineData, EngineImage, Path } from './images.ts'
import { START } from './training.ts'

/** All classes, by their ids. None only where there are no images. */
const LiveClasses = z.array(EngineData.shape.categories.element)

/**
 * A run that goes on until it is cancelled: images join, change and leave between two batches, and what was learnt is
 * published every few seconds. It rests, without using the processor, once more steps teach it nothing.
 */
export const AssistRequest = z.object({
  method: z.literal('assist'),
  /** The run's folder. */
  out: Path,
  ...START,
  /** All that is labelled now, also where the run goes on; nothing may be then. */
  data: z.object({ categories: LiveClasses, images: z.array(EngineImage) }),
  /** Continue with what was published or saved in `out`. */
  resume: z.boolean(),
})
export type AssistRequest = z.infer<typeof AssistRequest>

/** Changes what the running assist job learns from. Answered at once; the next batch is made of the new labels. */
export const AssistLabelsRequest = z.object({
  method: z.literal('assist-labels'),
  /** New ones get rows of their own, those that are gone lose theirs. */
  categories: LiveClasses,
  /** Images that joined, or whose labels are others now. */
  changed: z.array(EngineImage),
  /** Ids of images that no longer count. */
  removed: z.array(z.int()),
})
export type AssistLabelsRequest = z.infer<typeof AssistLabelsRequest>

export type AssistEvent =
  /** The weights of a step are in the checkpoint, averaged; `images` is how many were learnt from. */
  | {
      readonly kind: 'published'
      readonly step: number
      readonly checkpoint: string
      readonly images: number
    }
  /** After every step, and when it begins to rest. */
  | {
      readonly kind: 'assist'
      readonly resting: boolean
      readonly learn: LearningDepth
      readonly images: number
      /** Of the process, since it started. */
      readonly cpuSeconds: number
    }

export interface AssistResult {
  /** Taken in all, also before a resumption. */
  readonly steps: number
  readonly checkpoint: string
}
