/** Curves of runs as chart series. */
import type { Curves } from '../../core/contract/studio/runs.ts'
import type { Series } from '../ui/charts/lines.ts'

/** More points could not be distinguished, and drawing them would slow down annotation. */
const MOST_POINTS = 300

/** Averages neighbouring steps where there are more steps than the chart has room for. */
export function pointsOf({ steps, figures }: Curves, name: string): Series['points'] {
  const values = figures[name] ?? []
  const span = Math.ceil(steps.length / MOST_POINTS)
  return Array.from({ length: Math.ceil(steps.length / Math.max(1, span)) }, (_, i) => {
    const part = values.slice(i * span, (i + 1) * span).filter((value) => value !== null)
    const last = Math.min((i + 1) * span, steps.length) - 1
    const mean = part.reduce((sum, value) => sum + value, 0) / part.length
    return { x: steps[last]!, y: mean }
  })
}

/**
 * @param number index into pycocotools' stats: 0 is AP, 1 is AP50; a value of −1 means that there was nothing to measure
 * @param of which stats: of boxes, or of masks where the detector finds outlines
 */
export const evaluationPoints = (
  { evaluations }: Curves,
  number: number,
  of: 'stats' | 'maskStats' = 'stats',
): Series['points'] =>
  evaluations.map((one) => {
    const value = one[of]?.[number] ?? -1
    return { x: one.step, y: value < 0 ? Number.NaN : value }
  })

export const hasMaskStats = ({ evaluations }: Curves): boolean =>
  evaluations.some(({ maskStats }) => maskStats !== undefined)
