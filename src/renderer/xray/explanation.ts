/** What a detector makes of an image, of one of its boxes and of the location under the pointer, in a sentence each. */
import { countOf } from '../ui/numbers.ts'
import { sentence } from '../ui/sentence.ts'
import type { LocationReading } from './reading.ts'
import { imageTotals, objectShare } from './shares.ts'
import type { TargetBox } from './target-boxes.ts'
import type { ComputedTargets } from './targets.ts'

const capitalised = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`

type NameOf = (box: TargetBox) => string

/** "12 of 14 boxes are learned by 131 locations; 3 starved." */
export function explainImage(targets: ComputedTargets): string {
  const { objects, learnable, starved, positives } = imageTotals(targets)
  if (objects === 0) return 'There is no box here yet.'
  const places = targets.maps.detector.cellsPerLocation === 1 ? 'location' : 'anchor'
  const few = starved > 0 ? `; ${starved} starved` : ''
  return `${learnable} of ${countOf(objects, 'box', 'boxes')} learned by ${countOf(positives, places)}${few}.`
}

/** "Box 3 (RBC): 9 locations, P3 9. Lost 2 to box 4." */
export function explainBox(targets: ComputedTargets, gt: number, nameOf: NameOf): string {
  const { target, positives, places, perLevel, lost, reason } = objectShare(targets, gt)
  if (reason !== null) return `${capitalised(nameOf(target))}: none. ${sentence(reason)}`
  const levels = perLevel.filter(({ locations }) => locations > 0)
  const on = levels.map(({ level, locations }) => `${level} ${locations}`).join(', ')
  const taken = lost.map(({ to, locations }) => `${locations} to ${nameOf(to)}`).join(', ')
  const what = positives === 1 ? places.slice(0, -1) : places
  return `${capitalised(nameOf(target))}: ${positives} ${what}, ${on}.${taken && ` Lost ${taken}.`}`
}

/** "P3 learns box 3 (RBC)." or why it does not. */
export function explainLocation(
  { level, learned, predicted, findings }: LocationReading,
  nameOf: NameOf,
): string {
  const [best] = predicted?.classScores ?? []
  const score = best
    ? ` Predicted: ${best.name} ${best.score.toFixed(2)}, score ${predicted!.score.toFixed(2)}.`
    : ''
  if (learned) return `${level} learns ${nameOf(learned.target)}.${score}`
  return `${level}: background. ${findings[0] ? sentence(findings[0]) : ''}${score}`
}
