/** What one location learns, or why it learns nothing, ready to be shown. */
import { BACKGROUND } from '../../core/detectors/assigner.ts'
import { isLearning } from '../../core/detectors/fcos/eligible.ts'
import {
  type BoxOutcome,
  describeOutcome,
  type Explanation,
  explain,
} from '../../core/detectors/fcos/explain.ts'
import { LEVEL_NAMES, type Level, type LevelName } from '../../core/pyramid/levels.ts'
import { locationAtPoint } from './cells.ts'
import { type PredictedBox, type Prediction, predictedAt } from './prediction.ts'
import type { TargetBox } from './target-boxes.ts'
import { type ImageTargets, imageScale } from './targets.ts'

export interface ImagePoint {
  readonly x: number
  readonly y: number
}

export interface LearnedBox {
  readonly target: TargetBox
  /** l, t, r, b in pixels of the image. */
  readonly sides: readonly [number, number, number, number]
  /** The same in strides of the level. */
  readonly strides: readonly [number, number, number, number]
  readonly centerness: number
}

export interface LocationReading {
  readonly level: LevelName
  readonly stride: number
  /** Image pixels. */
  readonly at: ImagePoint
  /** Null: background. */
  readonly learned: LearnedBox | null
  /** Null where no prediction is shown. */
  readonly predicted: PredictedBox | null
  /** What became of the other boxes here, in words, most nearly positive first. */
  readonly findings: readonly string[]
  /** Levels with a positive location under the same point. */
  readonly positiveLevels: readonly LevelName[]
}

/** Findings beyond these are of no use: the boxes are stacked. */
const MOST_FINDINGS = 5

/**
 * Levels overlap at every point. The one asked for is read; else the finest whose location there learns a box; else the one
 * that learns a box around the point elsewhere, or, with a prediction, whose location scores highest. Undefined off the input.
 * @param point image pixels
 */
export function readLocation(
  targets: ImageTargets,
  point: ImagePoint,
  wanted: LevelName | null,
  nameOf: (target: TargetBox) => string,
  prediction: Prediction | null = null,
): LocationReading | undefined {
  const { maps, rules, inputBoxes } = targets
  const scale = imageScale(targets)
  const here = maps.pyramid.levels.flatMap((level) => {
    const location = locationAtPoint(level, scale, point)
    return location === undefined ? [] : [{ level, location }]
  })
  const positive = here.filter(({ location }) => maps.matched[location] !== BACKGROUND)
  const explained = ({ location }: { location: number }): Explanation =>
    explain(maps.pyramid, rules.rules, inputBoxes, location)
  const asked = here.find(({ level }) => level.name === wanted)
  const likely = (): (typeof here)[number] | undefined =>
    prediction ? bestScored(prediction, here) : mostTelling(targets, here, explained)
  const found = wanted === null ? (positive[0] ?? likely()) : asked
  return (
    found && {
      ...read(targets, found.level, explained(found), nameOf),
      predicted: prediction && predictedAt(prediction, found.location, found.level.stride, scale),
      positiveLevels: positive.map(({ level }) => level.name),
    }
  )
}

const bestScored = <Here extends { location: number }>(
  { maps }: Prediction,
  here: readonly Here[],
): Here | undefined => here.toSorted((a, b) => maps.scores[b.location]! - maps.scores[a.location]!)[0]

/** Why a level that learns the box elsewhere does not learn it here tells more than why a level of other sizes does not. */
function mostTelling<Here extends { level: Level; location: number }>(
  { rules: { rules }, maps }: ImageTargets,
  here: readonly Here[],
  explained: (one: Here) => Explanation,
): Here | undefined {
  const learning = here.filter(({ level }) => isLearning(level, rules))
  const learnsOneOf = (level: Level, outcomes: readonly BoxOutcome[]): boolean =>
    outcomes.some(
      ({ gt }) => maps.shares.perLevel[gt * LEVEL_NAMES.length + LEVEL_NAMES.indexOf(level.name)]! > 0,
    )
  return learning.find((one) => learnsOneOf(one.level, explained(one).boxes)) ?? learning[0] ?? here[0]
}

function read(
  targets: ImageTargets,
  level: Level,
  { location, boxes: outcomes }: Explanation,
  nameOf: (target: TargetBox) => string,
): Omit<LocationReading, 'positiveLevels' | 'predicted'> {
  const { boxes, maps } = targets
  const scale = imageScale(targets)
  const others = outcomes.filter(({ outcome }) => outcome.test !== 'positive')
  const describe = (one: BoxOutcome): string => describeOutcome(one, location, (gt) => nameOf(boxes[gt]!))
  const learned = boxes[maps.matched[location.index]!]
  const ltrb = maps.ltrb.subarray(location.index * 4, location.index * 4 + 4)
  const [l, t, r, b] = ltrb as unknown as [number, number, number, number]
  return {
    level: level.name,
    stride: level.stride,
    at: { x: location.x * scale.x, y: location.y * scale.y },
    learned: learned
      ? {
          target: learned,
          sides: [l * scale.x, t * scale.y, r * scale.x, b * scale.y],
          strides: [l / level.stride, t / level.stride, r / level.stride, b / level.stride],
          centerness: maps.centerness[location.index]!,
        }
      : null,
    findings: [
      ...others.slice(0, MOST_FINDINGS).map(describe),
      ...(others.length > MOST_FINDINGS ? [`${others.length - MOST_FINDINGS} more boxes around`] : []),
    ],
  }
}
