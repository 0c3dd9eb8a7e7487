/** Draws the candidates of a box, where a detector compares them: those that learn it filled, the others hollow. */
import { LEVEL_COLOURS } from '../../../core/colour/level-colours.ts'
import type { CandidateStrip } from '../../../core/detectors/assigner.ts'
import { locationAt } from '../../../core/pyramid/locations.ts'
import { toScreen } from '../../canvas/geometry/view.ts'
import { type ComputedTargets, imageScale } from '../targets.ts'
import type { Canvas } from './marks.ts'

const RADIUS_PX = 4
const HALO = 'rgb(13 14 16 / 82%)'

export function paintCandidates(
  { context, view }: Pick<Canvas, 'context' | 'view'>,
  targets: ComputedTargets,
  { candidates }: CandidateStrip,
): void {
  const scale = imageScale(targets)
  // Those that learn the box lie on top.
  for (const { location, positive } of candidates.toSorted(
    (a, b) => Number(a.positive) - Number(b.positive),
  )) {
    const at = locationAt(targets.maps.pyramid, location)
    const { x, y } = toScreen(view, { x: at.x * scale.x, y: at.y * scale.y })
    context.beginPath()
    context.arc(x, y, RADIUS_PX, 0, 2 * Math.PI)
    context.lineWidth = 4
    context.strokeStyle = HALO
    context.stroke()
    context.lineWidth = 2
    context.strokeStyle = positive ? '#ffffff' : LEVEL_COLOURS[at.level.name]
    context.stroke()
    if (!positive) continue
    context.fillStyle = LEVEL_COLOURS[at.level.name]
    context.fill()
  }
}
