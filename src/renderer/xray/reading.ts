/** What one location learns, or why it learns nothing, ready to be shown. */
import type { CellMark, CellOutcome } from '../../core/detectors/assigner.ts'
import type { Reading } from '../../core/detectors/detector.ts'
import type { BoxXyxy } from '../../core/geometry/box.ts'
import { type GridLevelName, LEVEL_NAMES, type Level } from '../../core/pyramid/levels.ts'
import { locationAt } from '../../core/pyramid/locations.ts'
import { locationAtPoint } from './cells.ts'
import { type PredictedBox, type Prediction, predictedAt } from './prediction.ts'
import type { TargetBox } from './target-boxes.ts'
import { type ComputedTargets, imageScale } from './targets.ts'

export interface ImagePoint {
  readonly x: number
  readonly y: number
}

export interface LearnedBox {
  readonly target: TargetBox
  readonly reading: Reading
}

export interface LocationReading {
  readonly level: GridLevelName
  readonly stride: number
  /** Pixels of the image per pixel of the network's input. */
  readonly scale: { readonly x: number; readonly y: number }
  /** Image pixels. */
  readonly at: ImagePoint
  /** Null: background. */
  readonly learned: LearnedBox | null
  /** Null where no prediction is shown. */
  readonly predicted: PredictedBox | null
  /** Why this location does not learn the other boxes around it; the box that came closest first. */
  readonly findings: readonly string[]
  /** Levels with a positive location under the same point. */
  readonly positiveLevels: readonly GridLevelName[]
  /** The location's cells, where it has several: its anchors. */
  readonly anchors: readonly AnchorReading[]
}

export interface AnchorReading extends Pick<CellMark, 'title' | 'iou' | 'state'> {
  /** Image pixels. */
  readonly box: BoxXyxy
  /** What became of it. */
  readonly text: string
}

/** More findings would not help: they occur only where many boxes are stacked. */
const MOST_FINDINGS = 5

/**
 * Levels overlap at every point. Reads the wanted level, or else the finest level whose location there learns a box, or else
 * a level that learns a box around the point elsewhere or, with a prediction, the level whose location scores highest.
 * Undefined outside the input.
 * @param point image pixels
 */
export function readLocation(
  targets: ComputedTargets,
  point: ImagePoint,
  wanted: GridLevelName | null,
  nameOf: (target: TargetBox) => string,
  prediction: Prediction | null = null,
): LocationReading | undefined {
  const { maps } = targets
  const scale = imageScale(targets)
  const here = maps.pyramid.levels.flatMap((level) => {
    const location = locationAtPoint(level, scale, point)
    return location === undefined ? [] : [{ level, location }]
  })
  const positive = here.filter(({ location }) => maps.owners[location]! >= 0)
  const explained = ({ location }: { location: number }): readonly CellOutcome[] =>
    maps.assignment.explain(cellOf(maps, location))
  const asked = here.find(({ level }) => level.name === wanted)
  const likely = (): (typeof here)[number] | undefined =>
    prediction ? bestScored(prediction, here) : mostTelling(targets, here, explained)
  const found = wanted === null ? (positive[0] ?? likely()) : asked
  return (
    found && {
      ...read(targets, found, explained(found), nameOf),
      anchors: anchorsOf(targets, found.location, nameOf),
      predicted: prediction && predictedAt(prediction, found.location),
      positiveLevels: positive.map(({ level }) => level.name),
    }
  )
}

/** The cell that speaks for its location: the first that learns a box, or else the one that fits best. */
function cellOf({ detector, assignment, matched }: ComputedTargets['maps'], location: number): number {
  const each = detector.cellsPerLocation
  const first = location * each
  if (each === 1) return first
  const cells = Array.from({ length: each }, (_, i) => first + i)
  const ious = assignment.marks?.(location).map(({ iou }) => iou) ?? []
  return cells.find((cell) => matched[cell]! >= 0) ?? first + Math.max(0, ious.indexOf(Math.max(...ious)))
}

function anchorsOf(
  targets: ComputedTargets,
  location: number,
  nameOf: (target: TargetBox) => string,
): AnchorReading[] {
  const { x, y } = imageScale(targets)
  const marks = targets.maps.assignment.marks?.(location) ?? []
  return marks.map(({ title, iou, state, box: [x1, y1, x2, y2], describe }) => ({
    ...{ title, iou, state },
    box: [x1 * x, y1 * y, x2 * x, y2 * y],
    text: describe((gt) => nameOf(targets.boxes[gt]!)),
  }))
}

const bestScored = <Here extends { location: number }>(
  { maps }: Prediction,
  here: readonly Here[],
): Here | undefined => here.toSorted((a, b) => maps.scores[b.location]! - maps.scores[a.location]!)[0]

/** Prefers a level that learns a box elsewhere: why it does not learn it here says more than another level's range. */
function mostTelling<Here extends { level: Level; location: number }>(
  { maps }: ComputedTargets,
  here: readonly Here[],
  explained: (one: Here) => readonly CellOutcome[],
): Here | undefined {
  const indexOf = (level: Level): number => maps.pyramid.levels.indexOf(level)
  const learning = here.filter(({ level }) => maps.assignment.learns(indexOf(level)))
  const learnsOneOf = (level: Level, outcomes: readonly CellOutcome[]): boolean =>
    outcomes.some(({ gt }) => maps.shares.perLevel[gt * LEVEL_NAMES.length + indexOf(level)]! > 0)
  return learning.find((one) => learnsOneOf(one.level, explained(one))) ?? learning[0] ?? here[0]
}

function read(
  targets: ComputedTargets,
  { level, location: index }: { readonly level: Level; readonly location: number },
  outcomes: readonly CellOutcome[],
  nameOf: (target: TargetBox) => string,
): Omit<LocationReading, 'positiveLevels' | 'predicted' | 'anchors'> {
  const { boxes, maps } = targets
  const scale = imageScale(targets)
  const location = locationAt(maps.pyramid, index)
  const others = outcomes.filter(({ positive }) => !positive)
  const describe = (one: CellOutcome): string => one.describe((gt) => nameOf(boxes[gt]!))
  const learned = boxes[maps.owners[index]!]
  return {
    level: level.name,
    stride: level.stride,
    scale,
    at: { x: location.x * scale.x, y: location.y * scale.y },
    learned: learned ? { target: learned, reading: maps.detector.readTarget(maps.own, index) } : null,
    findings: [
      ...others.slice(0, MOST_FINDINGS).map(describe),
      ...(others.length > MOST_FINDINGS ? [`${others.length - MOST_FINDINGS} more boxes around`] : []),
    ],
  }
}
