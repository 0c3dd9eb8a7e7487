/** Lists the detections and objects behind a bar, a cell, a point or a section of a ranking. */
import type { FINDING_KINDS, Finding, FindingsPage } from '../../../../core/contract/studio/evaluation.ts'
import type { ParsedParams } from '../../../../core/contract/studio.ts'
import { type ConfusionMatrix, confusionMatrix } from '../../../../core/evaluation/analysis/confusion.ts'
import { ERROR_TYPES } from '../../../../core/evaluation/analysis/error-types.ts'
import { type Evidence, evidence } from '../../../../core/evaluation/analysis/evidence.ts'
import { VERDICT } from '../../../../core/evaluation/analysis/findings.ts'
import { falseNegatives, falsePositives } from '../../../../core/evaluation/analysis/mistakes.ts'
import { NOTHING } from '../../../../core/evaluation/group-matcher.ts'
import { iouOf } from '../../../../core/evaluation/ious.ts'
import type { BoxXywh, BoxXyxy } from '../../../../core/geometry/box.ts'
import type { FrozenDetection, FrozenObject } from '../frozen.ts'
import type { Analysis } from '../loaded-evaluation.ts'

type Options = Omit<ParsedParams<'evaluation.findings'>, 'evaluation' | 'ranking' | 'iouType'>
type Kind = (typeof FINDING_KINDS)[number]

interface Found extends Evidence {
  readonly kind: Kind
}

/** The last list, from which the next page is taken. */
const lists = new WeakMap<Analysis, { readonly key: string; readonly list: readonly Found[] }>()

export function findingsPage(analysis: Analysis, { offset, limit, ...options }: Options): FindingsPage {
  const key = JSON.stringify(options)
  let listed = lists.get(analysis)
  if (listed?.key !== key) {
    listed = { key, list: sorted(analysis, options) }
    lists.set(analysis, listed)
  }
  const { list } = listed
  return {
    total: list.length,
    findings: list.slice(offset, offset + limit).map((one) => toFinding(analysis, one)),
  }
}

const matrices = new WeakMap<Analysis, { readonly key: string; readonly matrix: ConfusionMatrix }>()

export function confusionOf(analysis: Analysis, score: number, iou: number): ConfusionMatrix {
  const key = `${score} ${iou}`
  let known = matrices.get(analysis)
  if (known?.key !== key) {
    known = { key, matrix: confusionMatrix(analysis.tables, { score, iou }) }
    matrices.set(analysis, known)
  }
  return known.matrix
}

function sorted(analysis: Analysis, { of, classId, sort }: Omit<Options, 'offset' | 'limit'>): Found[] {
  const isOfClass = ({ detection, object }: Found): boolean =>
    (detection !== null && analysis.detections[detection]!.categoryId === classId) ||
    (object !== null && analysis.truth.objects[object]!.categoryId === classId)
  const list = listOf(analysis, of)
  const chosen = classId === null ? list : list.filter(isOfClass)
  if (sort === null) return chosen
  const orders: Record<NonNullable<Options['sort']>, (a: Found, b: Found) => number> = {
    score: (a, b) => (b.score ?? -1) - (a.score ?? -1),
    iou: (a, b) => b.iou - a.iou,
    image: (a, b) => a.imageId - b.imageId,
  }
  return chosen.toSorted(orders[sort])
}

function listOf(analysis: Analysis, of: Options['of']): Found[] {
  const { tables, findings, errors } = analysis
  switch (of.kind) {
    case 'falsePositives':
      return falsePositives(tables, errors, of.score)
        .filter(({ type }) => of.type === null || type === of.type)
        .map(({ type, ...rest }) => ({ ...rest, kind: type }))
    case 'falseNegatives':
      return falseNegatives(tables, findings, errors, of.score)
        .filter(({ type }) => of.type === null || type === of.type)
        .map(({ type, ...rest }) => ({ ...rest, kind: type }))
    case 'cell':
      return cellOf(analysis, of)
    case 'detections': {
      const rowOf = new Map(Array.from(tables.detections.source, (source, row) => [source, row]))
      return of.indices.flatMap((index) => rowOf.get(index) ?? []).map((d) => verdictOn(analysis, d))
    }
    case 'offCentre': {
      const { source } = tables.detections
      const centerness = (d: number): number => analysis.detections[source[d]!]!.centerness ?? 1
      const sure = Array.from(tables.ranked).filter(
        (d) => (analysis.detections[source[d]!]!.classScore ?? 0) >= of.classScore,
      )
      return sure.sort((a, b) => centerness(a) - centerness(b)).map((d) => verdictOn(analysis, d))
    }
    case 'images': {
      const place = new Map(of.images.map((id, i) => [id, i]))
      const wrong = listOf(analysis, { kind: 'falsePositives', type: null, score: of.score })
      const missed = listOf(analysis, { kind: 'falseNegatives', type: null, score: of.score })
      return [...wrong, ...missed]
        .filter(({ imageId }) => place.has(imageId))
        .sort((a, b) => place.get(a.imageId)! - place.get(b.imageId)!)
    }
    case 'scores': {
      const { scores } = tables.detections
      const rows = Array.from(tables.ranked).filter((d) => scores[d]! >= of.from && scores[d]! <= of.to)
      return rows.map((d) => verdictOn(analysis, d))
    }
  }
}

function cellOf(
  analysis: Analysis,
  { truth, predicted, score, iou }: Extract<Options['of'], { kind: 'cell' }>,
): Found[] {
  const { categoryIds, cells } = confusionOf(analysis, score, iou)
  const at = (classId: number | null) =>
    classId === null ? categoryIds.length : categoryIds.indexOf(classId)
  const cell = cells.find((one) => one.truth === at(truth) && one.predicted === at(predicted))
  const kind: Kind =
    truth === null
      ? 'background'
      : predicted === null
        ? 'missed'
        : truth === predicted
          ? 'right'
          : 'classification'
  return (cell?.pairs ?? []).map((pair) => ({ ...pair, kind }))
}

/** The verdict of the metrics on a detection at IoU 0.5. */
function verdictOn({ tables, findings, errors }: Analysis, d: number): Found {
  if (findings.verdict[d] === VERDICT.right) {
    const g = findings.object[d]!
    return { ...evidence(tables, g, d, iouOf(tables.groundTruth, g, tables.detections, d)), kind: 'right' }
  }
  const type = errors.type[d]!
  const kind = type === NOTHING ? 'ignored' : ERROR_TYPES[type]!
  return { ...evidence(tables, errors.object[d]!, d, errors.iou[d]!), kind }
}

function toFinding(
  { truth, detections, byMasks }: Analysis,
  { kind, imageId, iou, detection, object }: Found,
): Finding {
  const placeOf = ({ categoryId, box, segmentation }: FrozenDetection | FrozenObject) => ({
    classId: categoryId,
    box: corners(box),
    ...(byMasks && segmentation && { segmentation }),
  })
  const detected = detection === null ? null : detections[detection]!
  const meant = object === null ? null : truth.objects[object]!
  return {
    ...{ imageId, kind, iou },
    detected: detected && {
      index: detection!,
      score: detected.score,
      ...placeOf(detected),
    },
    object: meant && { annotationId: meant.annotationId, ...placeOf(meant) },
  }
}

const corners = ([x, y, width, height]: BoxXywh): BoxXyxy => [x, y, x + width, y + height]
