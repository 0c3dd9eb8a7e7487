/** An evaluation in memory. Analyses are computed when they are first needed. */

import type { Ranking } from '../../../core/contract/studio/evaluation.ts'
import { CodedError } from '../../../core/errors.ts'
import { classifyErrors, type DetectionErrors } from '../../../core/evaluation/analysis/error-types.ts'
import { type Findings, find } from '../../../core/evaluation/analysis/findings.ts'
import { type RankedTables, rank } from '../../../core/evaluation/analysis/ranked-tables.ts'
import { type ThresholdCurve, thresholdCurves } from '../../../core/evaluation/analysis/threshold-curve.ts'
import { type Evaluation, evaluateTables } from '../../../core/evaluation/coco-metrics.ts'
import { IOU_50, IOU_THRESHOLDS } from '../../../core/evaluation/protocol.ts'
import { type IouType, layOut } from '../../../core/evaluation/tables.ts'
import { maskIn, type NamedImage } from '../../../core/formats/coco-ground-truth.ts'
import { polygonBounds } from '../../../core/geometry/polygon.ts'
import type { Rle } from '../../../core/geometry/rle.ts'
import { isPolygons, type Segmentation } from '../../../core/geometry/segmentation.ts'
import type { FrozenDetection, FrozenTruth } from './frozen.ts'

export class LoadedEvaluation {
  readonly truth: FrozenTruth
  readonly #detections: ReadonlyMap<Ranking, readonly FrozenDetection[]>
  readonly #iouTypes: readonly IouType[]
  readonly #analyses = new Map<string, Analysis>()
  #masks: Masks | undefined

  constructor(
    truth: FrozenTruth,
    detections: ReadonlyMap<Ranking, readonly FrozenDetection[]>,
    iouTypes: readonly IouType[],
  ) {
    this.truth = truth
    this.#detections = detections
    this.#iouTypes = iouTypes
  }

  /** Throws USAGE_RANKING if centerness is unknown, USAGE_IOU_TYPE if masks are. */
  of(ranking: Ranking, iouType: IouType = 'bbox'): Analysis {
    const key = `${ranking} ${iouType}`
    const known = this.#analyses.get(key)
    if (known) return known
    const detections = this.#detections.get(ranking)
    if (detections === undefined) {
      throw new CodedError('USAGE_RANKING', 'These detections have no centerness')
    }
    if (!this.#iouTypes.includes(iouType)) {
      throw new CodedError('USAGE_IOU_TYPE', 'These detections or these labels have no masks')
    }
    if (iouType === 'segm') this.#masks ??= new Masks(this.truth, [...this.#detections.values()].flat())
    const analysis = new Analysis(this.truth, detections, iouType === 'segm' ? this.#masks : undefined)
    this.#analyses.set(key, analysis)
    return analysis
  }
}

type Masked = { readonly imageId: number; readonly segmentation?: Segmentation }

/** Rasterises the outlines of objects and detections in the pixels of their images. */
class Masks {
  readonly #images: ReadonlyMap<number, NamedImage>
  readonly #truth: ReadonlyMap<Masked, Rle>

  /** An image of unknown size is taken to be as large as the outlines in it require. */
  constructor({ images, objects }: FrozenTruth, detections: readonly Masked[]) {
    const sized = new Map(images.map((image) => [image.id, image]))
    const ofImage = Map.groupBy([...objects, ...detections], ({ imageId }) => imageId)
    for (const image of images) {
      if (image.width !== undefined) continue
      const [width, height] = extentOf(ofImage.get(image.id) ?? [])
      sized.set(image.id, { ...image, width, height })
    }
    this.#images = sized
    this.#truth = new Map(objects.map((object) => [object, this.#draw(object)]))
  }

  /** Objects are rasterised once, for both rankings. */
  of(one: Masked): Rle {
    return this.#truth.get(one) ?? this.#draw(one)
  }

  #draw({ imageId, segmentation }: Masked): Rle {
    return maskIn(segmentation, this.#images.get(imageId), `image ${imageId}`)
  }
}

function extentOf(ofImage: readonly Masked[]): [width: number, height: number] {
  let [width, height] = [1, 1]
  for (const { segmentation = [] } of ofImage) {
    if (!isPolygons(segmentation)) return [segmentation.size[1], segmentation.size[0]]
    const [, , x2, y2] = polygonBounds(segmentation)
    width = Math.max(width, Math.ceil(x2))
    height = Math.max(height, Math.ceil(y2))
  }
  return [width, height]
}

/** Compares the detections of one ranking with the labels. */
export class Analysis {
  readonly truth: FrozenTruth
  readonly detections: readonly FrozenDetection[]
  readonly tables: RankedTables
  #metrics: Evaluation | undefined
  #findings: Findings | undefined
  #errors: DetectionErrors | undefined
  #thresholdCurves: ThresholdCurve[] | undefined

  /**
   * @param masks where masks are compared.
   * @throws CodedError DATA_BAD_DETECTION, DATA_MASK.
   */
  constructor(truth: FrozenTruth, detections: readonly FrozenDetection[], masks?: Masks) {
    this.truth = truth
    this.detections = detections
    const masked = <One extends Masked>(one: One) => (masks ? { ...one, mask: masks.of(one) } : one)
    const objects = truth.objects.map(masked)
    this.tables = rank(layOut({ ...truth, objects }, detections.map(masked), masks ? 'segm' : 'bbox'))
  }

  /** Whether masks are compared, not boxes. */
  get byMasks(): boolean {
    return this.tables.groundTruth.masks !== null
  }

  get metrics(): Evaluation {
    this.#metrics ??= evaluateTables(this.truth, this.tables)
    return this.#metrics
  }

  /** At IoU 0.5, over all sizes. */
  get findings(): Findings {
    this.#findings ??= find(this.tables, IOU_THRESHOLDS[IOU_50]!)
    return this.#findings
  }

  get errors(): DetectionErrors {
    this.#errors ??= classifyErrors(this.tables, this.findings)
    return this.#errors
  }

  /** One entry per class, by ascending id. */
  get thresholdCurves(): readonly ThresholdCurve[] {
    this.#thresholdCurves ??= thresholdCurves(this.tables, this.findings)
    return this.#thresholdCurves
  }
}
