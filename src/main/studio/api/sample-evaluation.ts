/**
 * What the sample's trained run detects in the validation images, so that a user's copy has an evaluation from the start.
 * The numbers are computed anew from it whenever the sample is copied; resources/sample/generate/evaluate.ts writes it.
 */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { RANKINGS, type Ranking } from '../../../core/contract/studio/evaluation.ts'
import type { FrozenDetection, FrozenTruth } from '../evaluation/frozen.ts'

/** Beside the sample's images. */
export const SAMPLE_EVALUATION = 'evaluation.json'
export const SAMPLE_QUERY = 'split:val'

/** Of the lists of names. */
const Place = z.int().min(0)
const Row = z.strictObject({
  image: Place,
  class: Place,
  /** x, y, width, height */
  box: z.tuple([z.number(), z.number(), z.number(), z.number()]),
  /** √(p̂·ô), p̂, ô */
  scores: z.tuple([z.number(), z.number(), z.number()]),
})

export const SampleEvaluation = z.strictObject({
  /** SHA-256 of the checkpoint, hexadecimal. */
  checkpoint: z.string(),
  images: z.array(z.string()),
  classes: z.array(z.string()),
  detections: z.record(z.enum(RANKINGS), z.array(Row)),
})
export type SampleEvaluation = z.infer<typeof SampleEvaluation>

export const hashOf = (checkpoint: Uint8Array): string =>
  createHash('sha256').update(checkpoint).digest('hex')

/** Rounded to thousandths of a pixel and to the sixth digit of a score. */
export function packDetections(
  { images, categories }: FrozenTruth,
  detections: ReadonlyMap<Ranking, readonly FrozenDetection[]>,
  checkpoint: Uint8Array,
): SampleEvaluation {
  const rounded = (value: number, digits: number): number => Number(value.toFixed(digits))
  const rows = (ranking: Ranking): SampleEvaluation['detections'][Ranking] =>
    (detections.get(ranking) ?? []).map(
      ({ imageId, categoryId, box: [x, y, width, height], score, classScore, centerness }) => ({
        image: images.findIndex(({ id }) => id === imageId),
        class: categories.findIndex(({ id }) => id === categoryId),
        box: [rounded(x, 3), rounded(y, 3), rounded(width, 3), rounded(height, 3)],
        scores: [rounded(score, 6), rounded(classScore!, 6), rounded(centerness!, 6)],
      }),
    )
  return {
    checkpoint: hashOf(checkpoint),
    images: images.map(({ fileName }) => fileName),
    classes: categories.map(({ name }) => name),
    detections: { score: rows('score'), class: rows('class') },
  }
}

/** With the ids of a project in which images and classes have these names. */
export function unpackDetections(
  { images, classes, detections }: SampleEvaluation,
  truth: FrozenTruth,
): ReadonlyMap<Ranking, readonly FrozenDetection[]> {
  const imageIds = images.map((name) => truth.images.find(({ fileName }) => fileName === name)!.id)
  const classIds = classes.map((name) => truth.categories.find((one) => one.name === name)!.id)
  return new Map(
    RANKINGS.map((ranking) => [
      ranking,
      detections[ranking].map(
        ({ image, class: label, box, scores: [score, classScore, centerness] }): FrozenDetection => ({
          ...{ imageId: imageIds[image]!, categoryId: classIds[label]! },
          ...{ box, score, classScore, centerness },
        }),
      ),
    ]),
  )
}
