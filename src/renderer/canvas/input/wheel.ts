/** What a turn of the wheel or a touchpad gesture means. */

export type WheelMeaning =
  | { readonly kind: 'zoom'; readonly factor: number }
  /** By how much the picture moves, in CSS pixels. */
  | { readonly kind: 'pan'; readonly dx: number; readonly dy: number }

type Turn = Pick<WheelEvent, 'deltaX' | 'deltaY' | 'deltaMode' | 'ctrlKey' | 'metaKey' | 'shiftKey'>

const PIXELS_PER_LINE = 16
const PIXELS_PER_PAGE = 400
/** A notch of a mouse's wheel turns 100 or more; a pinch on a touchpad comes in many small turns, each as Ctrl + wheel. */
const LARGEST_TURN = 30
/** Makes a notch a quarter: exp(30 · 0.0075) = 1.25. */
const ZOOM_PER_PIXEL = 0.0075

export const WHEELS = ['pan', 'zoom'] as const
/** What the wheel alone does. */
export type Wheel = (typeof WHEELS)[number]

/**
 * Ctrl (⌘) with the wheel, and so a touchpad's pinch, zooms; the wheel alone and two fingers pan, or zoom too where the user
 * wants it so; Shift turns the wheel sideways and always pans.
 */
export function meaningOf(turn: Turn, wheel: Wheel = 'pan'): WheelMeaning {
  const unit = turn.deltaMode === 1 ? PIXELS_PER_LINE : turn.deltaMode === 2 ? PIXELS_PER_PAGE : 1
  const dx = turn.deltaX * unit
  const dy = turn.deltaY * unit
  if (turn.ctrlKey || turn.metaKey || (wheel === 'zoom' && !turn.shiftKey)) {
    const bounded = Math.min(LARGEST_TURN, Math.max(-LARGEST_TURN, dy))
    return { kind: 'zoom', factor: Math.exp(-bounded * ZOOM_PER_PIXEL) }
  }
  return turn.shiftKey && dx === 0
    ? { kind: 'pan', dx: -dy, dy: 0 }
    : { kind: 'pan', dx: -dx || 0, dy: -dy || 0 }
}
