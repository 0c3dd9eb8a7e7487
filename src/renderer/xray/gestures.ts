/** A press that moves less than this is a click, in CSS pixels. */
const CLICK_SLOP = 3

export interface XrayGestures {
  readonly on: boolean
  pin(): void
  stepLevel(by: 1 | -1): void
}

/**
 * An attachment for the canvas's element: Alt+click pins the location under the pointer, Alt+wheel switches levels.
 *
 * @param isFree whether the tool in the hand has no use of its own for Alt+click where the pointer is
 */
export const xrayGestures = (xray: XrayGestures, isFree: () => boolean) => (element: HTMLElement) => {
  const listening = new AbortController()
  const { signal } = listening
  let pressed: PointerEvent | null = null
  element.addEventListener(
    'pointerdown',
    (event) => {
      pressed = event.altKey && event.button === 0 && isFree() ? event : null
    },
    { signal },
  )
  element.addEventListener(
    'pointerup',
    (event) => {
      if (!xray.on || !pressed) return
      const moved = Math.hypot(event.clientX - pressed.clientX, event.clientY - pressed.clientY)
      if (moved < CLICK_SLOP) xray.pin()
      pressed = null
    },
    { signal },
  )
  element.addEventListener(
    'wheel',
    (event) => {
      if (!xray.on || !event.altKey) return
      event.preventDefault()
      // Without this, the canvas would scroll.
      event.stopImmediatePropagation()
      xray.stepLevel(event.deltaY > 0 ? 1 : -1)
    },
    { signal, capture: true, passive: false },
  )
  return () => listening.abort()
}
