/** Average precision step by step towards a perfect head: which output is worth improving. */
import { detectorOf } from '../../detectors/detectors.ts'
import type { ModelConfig } from '../../detectors/model-config.ts'
import { type SelectionOptions, selectDetections } from '../../detectors/shared/select.ts'
import type { Detection } from '../../formats/detection.ts'
import { find } from '../analysis/findings.ts'
import { apByImage } from '../analysis/image-ap.ts'
import { rank } from '../analysis/ranked-tables.ts'
import { evaluateTables } from '../coco-metrics.ts'
import type { GroundTruth, TrueObject } from '../ground-truth.ts'
import { IOU_50, IOU_THRESHOLDS } from '../protocol.ts'
import { layOut } from '../tables.ts'
import { type Answers, answersFor, type CandidateImage } from './answers.ts'
import { applyOracle, type OracleStep, oracleSteps } from './steps.ts'

export interface OracleOptions extends SelectionOptions {
  readonly config: ModelConfig
  /** Category id of each class index. */
  readonly categoryIds: readonly number[]
}

export interface OracleBar {
  readonly step: OracleStep
  /** AP over IoU 0.50:0.95, and at 0.50 and 0.75; −1 without objects. */
  readonly ap: number
  readonly ap50: number
  readonly ap75: number
  /** By ascending image id, AP at IoU 0.50 of each image alone (apByImage): where a bar gains and loses. */
  readonly ap50ByImage: readonly number[]
}

/**
 * Yields one bar per step, so that a caller can show progress and stop in between. The detections behind a bar are
 * oracleDetections'; keeping those of all steps would take many times the memory of the candidates.
 *
 * @param truth lists all the images; those without candidates have no detections
 * @throws as evaluateGroundTruth does
 */
export function* oracleWaterfall(
  truth: GroundTruth,
  images: readonly CandidateImage[],
  options: OracleOptions,
): Generator<OracleBar> {
  const objectsOf = Map.groupBy(truth.objects, (object) => object.imageId)
  const answered = images.map((image) => answer(image, objectsOf.get(image.imageId) ?? [], options))
  for (const step of oracleSteps(detectorOf(options.config))) {
    const detections = answered.flatMap((image) => detect(step, image, options))
    const tables = rank(layOut(truth, detections))
    const [ap, ap50, ap75] = evaluateTables(truth, tables).stats as [number, number, number]
    const ap50ByImage = Array.from(apByImage(tables, find(tables, IOU_THRESHOLDS[IOU_50]!)))
    yield { step, ap, ap50, ap75, ap50ByImage }
  }
}

/** What a step detects on one image, best first. `objects` are the image's; crowds and unknown classes teach nothing. */
export function oracleDetections(
  step: OracleStep,
  image: CandidateImage,
  objects: readonly TrueObject[],
  options: OracleOptions,
): Detection[] {
  return detect(step, answer(image, objects, options), options)
}

interface AnsweredImage {
  readonly image: CandidateImage
  readonly objects: readonly TrueObject[]
  readonly answers: Answers
}

function answer(
  image: CandidateImage,
  objects: readonly TrueObject[],
  { config, categoryIds }: OracleOptions,
): AnsweredImage {
  const known = objects.filter(({ crowd, categoryId }) => !crowd && categoryIds.includes(categoryId))
  return { image, objects: known, answers: answersFor(image, known, config) }
}

function detect(
  step: OracleStep,
  { image, objects, answers }: AnsweredImage,
  options: OracleOptions,
): Detection[] {
  const { categoryIds, config } = options
  const labelOf = (id: number) => categoryIds.indexOf(id)
  const { candidates, scores } = applyOracle(
    step,
    image.candidates,
    answers,
    objects,
    labelOf,
    detectorOf(config),
  )
  const { boxes, labels } = candidates
  return Array.from(selectDetections(candidates, options, scores), (i): Detection => {
    const [x1, y1, x2, y2] = [boxes[i * 4]!, boxes[i * 4 + 1]!, boxes[i * 4 + 2]!, boxes[i * 4 + 3]!]
    return {
      imageId: image.imageId,
      categoryId: categoryIds[labels[i]!]!,
      box: [x1, y1, x2 - x1, y2 - y1],
      score: scores[i]!,
    }
  })
}
