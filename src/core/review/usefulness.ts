/** Ranks images for review by how much each would teach the model. */

export interface ReviewImage {
  readonly imageId: number
  /** The model's detections after NMS and a low score threshold; scores in [0, 1]. */
  readonly detections: readonly { readonly categoryId: number; readonly score: number }[]
  /** Disagreement with the labels; undefined for an image without labels. */
  readonly disagreement?: Disagreement
}

export interface Disagreement {
  /** Scores of wrong detections. */
  readonly falsePositives: readonly number[]
  /** Number of objects that no detection matches. */
  readonly falseNegatives: number
}

export interface Usefulness {
  readonly imageId: number
  /** Mean of the three parts below. */
  readonly value: number
  /** Each in [0, 1], as a share of the highest among the images. */
  readonly uncertainty: number
  readonly disagreement: number
  readonly rarity: number
}

/**
 * For an image with detections of score s and class c, where n_c is the number of labelled boxes of class c:
 *
 * - uncertainty  Σ H(s), H(s) = −s·log₂ s − (1−s)·log₂(1−s): many half-sure detections teach most (the sum served best
 *   in Brust et al., "Active learning for deep object detection", 2019)
 * - disagreement Σ s over wrong detections + the number of objects that nothing finds
 * - rarity       Σ s/(1 + n_c): likely objects of classes with few labels
 *
 * @param labels labelled boxes by category id; 0 for those not listed
 */
export function usefulness(
  images: readonly ReviewImage[],
  labels: ReadonlyMap<number, number>,
): Usefulness[] {
  const uncertainty = sharesOfHighest(
    images.map(({ detections }) => sum(detections, (it) => entropy(it.score))),
  )
  const disagreement = sharesOfHighest(images.map((image) => weightOf(image.disagreement)))
  const rarity = sharesOfHighest(
    images.map(({ detections }) =>
      sum(detections, ({ categoryId, score }) => score / (1 + (labels.get(categoryId) ?? 0))),
    ),
  )
  return images.map(({ imageId }, i) => ({
    imageId,
    value: (uncertainty[i]! + disagreement[i]! + rarity[i]!) / 3,
    uncertainty: uncertainty[i]!,
    disagreement: disagreement[i]!,
    rarity: rarity[i]!,
  }))
}

/** Binary entropy in bits. */
function entropy(p: number): number {
  return p <= 0 || p >= 1 ? 0 : -p * Math.log2(p) - (1 - p) * Math.log2(1 - p)
}

function weightOf(disagreement: Disagreement | undefined): number {
  if (!disagreement) return 0
  return sum(disagreement.falsePositives, (score) => score) + disagreement.falseNegatives
}

function sharesOfHighest(values: readonly number[]): number[] {
  const highest = values.reduce((a, b) => Math.max(a, b), 0)
  return highest === 0 ? values.map(() => 0) : values.map((value) => value / highest)
}

function sum<Item>(items: readonly Item[], value: (item: Item) => number): number {
  return items.reduce((total, item) => total + value(item), 0)
}
