/** The report's descriptions of boxes, for people who have not read the paper. */
import type { ReportBox } from '../../core/contract/studio/report.ts'
import type { UnlearnableCause } from '../../core/inspect/reasons.ts'
import { countOf, percent } from '../ui/numbers.ts'

export const CAUSES: Readonly<Record<UnlearnableCause, string>> = {
  'no-area': 'The box has no area',
  'under-1-px': 'Under 1 px after resizing',
  inside: 'Falls between all locations',
  'center-sampling': 'No location near its centre',
  range: 'Outside every level’s range',
  'area-limit': 'Too large for the tie-break',
  lost: 'Lost all locations to smaller boxes',
}

export const positivesOf = ({ perLevel }: ReportBox): number =>
  perLevel.reduce((sum, positives) => sum + positives, 0)

/** Why a box has few locations, in one line. */
export function reasonOf(box: ReportBox): string {
  if (box.cause !== null) return CAUSES[box.cause]
  const positives = positivesOf(box)
  const learned = `${countOf(positives, 'location learns', 'locations learn')} it`
  return box.lost > 0 ? `${learned}, ${box.lost} lost to other boxes` : learned
}

/** "98.4%". Only all and nothing are written "100%" and "0%". */
export function recallName(share: number): string {
  const tenths = Math.min(Math.max(Math.round(share * 1000), 1), 999) / 10
  return share === 0 || share === 1
    ? percent(share)
    : `${Number.isInteger(share * 4) ? share * 100 : tenths.toFixed(1)}%`
}

/** "320 px", "off": a rung of the ladders. */
export const sizeName = (side: number): string => `${side} px`
export const radiusName = (radius: number): string => (radius === 0 ? 'off' : String(radius))

/** "0–1", "8 and more" */
export const spanName = (from: number, to: number | null): string =>
  to === null ? `${from}+` : from === to ? String(from) : `${from}–${to}`

/** Two significant digits, or three of a large number. */
export const rounded = (value: number): string => String(Number(value.toPrecision(value >= 100 ? 3 : 2)))
