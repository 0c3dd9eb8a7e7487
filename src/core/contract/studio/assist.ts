/**
 * Assist: the project's detector learns from the finished images while a person labels, and proposes boxes in the next ones.
 * It is a run of the project's, named "Assist"; while it is on, its checkpoint is the model in use, and what was in use before is
 * again when it is switched off.
 */
import { z } from 'zod'
import { LEARNING_DEPTHS } from '../training.ts'
import { method } from './method.ts'
import { RunId } from './runs.ts'
import { Box, Id, Ids, None, WireErrorValue } from './values.ts'

/**
 * waiting: for the first finished image with a box. paused: by the user in Train, or while another run trains. resting: the
 * labels as they are teach nothing more, and the processor is left alone until there are others.
 */
export const ASSIST_PHASES = [
  'off',
  'waiting',
  'starting',
  'learning',
  'paused',
  'resting',
  'failed',
] as const

/** Finished images from which on what the learner finds is proposed. */
export const PROPOSES_FROM = 3

const Share = z.number().min(0).max(1)

/** How often something became of proposals, and in which images. */
const Count = z.object({ boxes: z.int(), images: Ids })

/**
 * Of the images that were finished last, with the proposals that were shown before: how many boxes were taken as proposed,
 * moved, or drawn, and how many proposals were rejected. Only images that the model had not learnt from count.
 */
export const AssistSummary = z.object({
  images: z.int(),
  taken: Count,
  moved: Count,
  drawn: Count,
  rejected: Count,
  /** Share of the gestures, and of a practised person's seconds, that all of this took less than drawing every box. */
  gesturesSaved: z.number(),
  secondsSaved: z.number(),
})
export type AssistSummary = z.infer<typeof AssistSummary>

export const AssistState = z.object({
  phase: z.enum(ASSIST_PHASES),
  /** Why it failed; it can be started again. */
  error: WireErrorValue.nullable(),
  /** Null before there is one. */
  run: RunId.nullable(),
  /** How many images it learns from. */
  images: z.int(),
  step: z.int(),
  learn: z.enum(LEARNING_DEPTHS).nullable(),
  /** Of the processor, since it was switched on. */
  cpuSeconds: z.number(),
  /** Whether what it finds is proposed yet: from the third finished image on. */
  proposing: z.boolean(),
  /** From which score on a class's proposals are shown; 1: none are. */
  thresholds: z.array(z.object({ classId: Id, score: Share })).readonly(),
  /** Of up to 20 images; null before any was judged. */
  summary: AssistSummary.nullable(),
  /** Per judged image, the newest last, at most 50: the share of gestures saved, below 0 where it cost some. */
  curve: z.array(z.number()).readonly(),
  /** How many labels wait for a second look (assist.doubts). */
  doubts: z.int(),
})
export type AssistState = z.infer<typeof AssistState>

/** A place where the model, before it learnt from the image, contradicted its labels with confidence. */
export const Doubt = z.object({
  image: Id,
  /** The label in question; null: one may be missing. */
  annotation: Id.nullable(),
  /** Class of that label. */
  labelled: Id.nullable(),
  /** What the model expected there; null where it expected nothing. */
  expected: z.object({ classId: Id, box: Box, score: Share }).nullable(),
  /** Where to look. */
  box: Box,
  /** Share of the model's earlier claims of this kind that were right. */
  confidence: Share,
})
export type Doubt = z.infer<typeof Doubt>

export const ASSIST_METHODS = {
  'assist.state': method(None, AssistState),
  /**
   * Goes on with the project's last Assist run; without one it starts from the model in use, or else from pretrained weights.
   * It stays on, also when the project is closed and opened again, until it is stopped. Throws RUNTIME_INFERENCE_ONLY.
   */
  'assist.start': method(None, AssistState),
  /** What was learnt is kept. */
  'assist.stop': method(None, AssistState),
  /** The most confident first. Those whose labels were changed since are gone, and those of classes that are. */
  'assist.doubts': method(None, z.array(Doubt).readonly()),
  /** The labels are right as they are: takes a doubt from the list. */
  'assist.dismiss': method(z.strictObject({ image: Id, box: Box }), z.null()),
  /** Undoes that: the doubt is listed again, if it still stands. */
  'assist.restore': method(z.strictObject({ image: Id, box: Box }), z.null()),
} as const
