/** What the model learns about each object and the whole image, in a form ready to show. */

import type { CandidateStrip } from '../../core/detectors/assigner.ts'
import type { PolarMaskRules } from '../../core/detectors/polarmask/config.ts'
import { type Representability, representabilityAt } from '../../core/detectors/polarmask/representability.ts'
import { type Cure, describeCure, nearestCure } from '../../core/inspect/cures.ts'
import { boxSize, describeUnlearnable, unlearnable } from '../../core/inspect/reasons.ts'
import { enoughLocations } from '../../core/inspect/report.ts'
import { inputDetails } from '../../core/inspect/setting.ts'
import { lostLocations } from '../../core/inspect/shares.ts'
import { type GridLevelName, LEVEL_NAMES } from '../../core/pyramid/levels.ts'
import type { TargetBox } from './target-boxes.ts'
import type { ComputedTargets } from './targets.ts'

export interface ObjectShare {
  readonly target: TargetBox
  readonly positives: number
  readonly perLevel: readonly LevelCount[]
  /** In (0, 1]; 0 without positives. */
  readonly meanCenterness: number
  readonly lost: readonly { readonly to: TargetBox; readonly locations: number }[]
  /** The candidates by IoU, where the detector compares them. */
  readonly strip: CandidateStrip | null
  /** What positives are, in plural. */
  readonly places: string
  /** Why no location learns the object, as a sentence; null if one does. */
  readonly reason: string | null
  /** How much of its outline the detector can say; null where it learns none, or the object has none. */
  readonly outline: Representability | null
}

export interface LevelCount {
  readonly level: GridLevelName
  readonly locations: number
}

export type ShareMark = 'unlearnable' | 'starved'

/** Whether the object at an index of `boxes` has no or few locations; null if it has enough. */
export function markAt({ maps }: ComputedTargets, gt: number): ShareMark | null {
  const positives = maps.shares.positives[gt]!
  return positives === 0 ? 'unlearnable' : positives < enoughLocations(maps.detector) ? 'starved' : null
}

export function objectShare(targets: ComputedTargets, gt: number): ObjectShare {
  const { boxes, maps } = targets
  const { positives, perLevel, meanCenterness } = maps.shares
  const lost = lostLocations(maps.assignment, gt, maps.matched)
  return {
    target: boxes[gt]!,
    positives: positives[gt]!,
    perLevel: maps.pyramid.levels.map(({ name }, i) => ({
      level: name,
      locations: perLevel[gt * LEVEL_NAMES.length + i]!,
    })),
    meanCenterness: meanCenterness[gt]!,
    strip: maps.assignment.strip?.(gt) ?? null,
    places: maps.detector.cellsPerLocation === 1 ? 'locations' : 'anchors',
    lost: lost.map(({ to, locations }) => ({ to: boxes[to]!, locations })),
    reason: positives[gt] === 0 ? unlearnableReason(targets, gt) : null,
    outline: outlineOf(targets, gt),
  }
}

function outlineOf({ image, boxes, inputBoxes: scaled, maps, rules }: ComputedTargets, gt: number) {
  if (!maps.detector.learnsOutlines) return null
  const details = inputDetails(
    image,
    boxes.map(({ segmentation }) => segmentation),
    rules.input,
  )
  return representabilityAt(maps.pyramid, scaled, details, gt, rules.rules as unknown as PolarMaskRules)
}

function unlearnableReason({ boxes, maps, inputBoxes }: ComputedTargets, gt: number): string {
  const box = unlearnable(maps.assignment, gt, maps.matched)
  return describeUnlearnable(box, boxSize(inputBoxes, gt), (index) => boxes[index]!.number)
}

/** Searches a change of the rules that makes the object learnable. Takes some milliseconds, too long for a frame. */
export function cureOf(
  { image, boxes, rules }: ComputedTargets,
  gt: number,
): { readonly cure: Cure; readonly text: string } | undefined {
  const cure = nearestCure({ image, boxes: boxes.map(({ box }) => box), gt }, rules)
  return cure && { cure, text: describeCure(cure) }
}

export interface ImageTotals {
  readonly objects: number
  readonly learnable: number
  readonly starved: number
  readonly positives: number
  readonly locations: number
  readonly perLevel: readonly LevelCount[]
  /** Positive locations that are eligible for several boxes, and for boxes of several classes. */
  readonly ambiguous: number
  readonly ambiguousAcrossClasses: number
  /** Locations that a box alone would make positive, and its mask does not; null where masks are not used. */
  readonly removedByMask: number | null
  /** As many positives of equal weight would average as well; null where the detector weighs all alike. */
  readonly effectivePositives: number | null
}

export function imageTotals({ boxes, maps }: ComputedTargets): ImageTotals {
  const { positives, perLevel } = maps.shares
  const counts = maps.pyramid.levels.map(({ name }) => ({ level: name, locations: 0 }))
  let [learnable, starved] = [0, 0]
  for (let gt = 0; gt < boxes.length; gt++) {
    if (positives[gt]! > 0) learnable++
    if (positives[gt]! > 0 && positives[gt]! < enoughLocations(maps.detector)) starved++
    for (const [i, count] of counts.entries()) count.locations += perLevel[gt * LEVEL_NAMES.length + i]!
  }
  return {
    ...{ objects: boxes.length, learnable, starved },
    positives: maps.count.positives,
    locations: maps.matched.length,
    perLevel: counts,
    ambiguous: maps.count.ambiguous,
    ambiguousAcrossClasses: maps.count.ambiguousAcrossClasses,
    removedByMask: maps.own.masks?.removed.reduce((sum, one) => sum + one, 0) ?? null,
    effectivePositives: maps.own.effectivePositives ?? null,
  }
}
