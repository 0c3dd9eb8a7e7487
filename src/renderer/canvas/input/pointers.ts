/** Pointer and modifier keys on the canvas element, as the few events the canvas knows. */
import { distance, type ScreenPoint } from '../geometry/space.ts'

export interface PointerAt {
  readonly screen: ScreenPoint
  readonly shift: boolean
  readonly alt: boolean
}

export interface PointerTarget {
  /** `pan`: the middle button, which moves the picture whatever the tool. */
  press(at: PointerAt, pan: boolean): void
  move(at: PointerAt): void
  release(at: PointerAt): void
  /** The system cancelled the pointer. */
  cancel(): void
  leave(): void
  /** Two fingers: by how much they spread and where their middle went. */
  pinch(factor: number, from: ScreenPoint, to: ScreenPoint): void
  /** The space bar is held over the canvas. */
  holdPan(held: boolean): void
}

const MIDDLE_BUTTON = 1

export class PointerInput {
  readonly #element: HTMLElement
  readonly #target: PointerTarget
  readonly #listening = new AbortController()
  /** Fingers on the canvas, by pointer id. */
  readonly #touches = new Map<number, ScreenPoint>()
  /** The pointer whose button is held. */
  #pressed: number | null = null
  #last: PointerAt | null = null

  constructor(element: HTMLElement, target: PointerTarget) {
    this.#element = element
    this.#target = target
    const { signal } = this.#listening
    const on = (name: string, handle: (event: PointerEvent) => void) =>
      element.addEventListener(name, handle as EventListener, { signal })
    on('pointerdown', (event) => this.#down(event))
    on('pointermove', (event) => this.#move(event))
    on('pointerup', (event) => this.#up(event))
    on('pointercancel', (event) => this.#lose(event))
    on('pointerleave', (event) => this.#leave(event))
    // The middle button would start the browser's own scrolling.
    element.addEventListener(
      'mousedown',
      (event) => event.button === MIDDLE_BUTTON && event.preventDefault(),
      { signal },
    )
    window.addEventListener('keydown', (event) => this.#key(event, true), { signal })
    window.addEventListener('keyup', (event) => this.#key(event, false), { signal })
    window.addEventListener('blur', () => target.holdPan(false), { signal })
  }

  destroy(): void {
    this.#listening.abort()
  }

  #at(event: PointerEvent): PointerAt {
    const { left, top } = this.#element.getBoundingClientRect()
    const screen = { x: event.clientX - left, y: event.clientY - top }
    return (this.#last = { screen, shift: event.shiftKey, alt: event.altKey })
  }

  #down(event: PointerEvent): void {
    this.#element.focus({ preventScroll: true })
    const at = this.#at(event)
    if (event.pointerType === 'touch') {
      this.#touches.set(event.pointerId, at.screen)
      if (this.#touches.size === 2) this.#abandon()
      if (this.#touches.size > 1) return
    }
    const pan = event.button === MIDDLE_BUTTON
    if (this.#pressed !== null || (event.button !== 0 && !pan)) return
    this.#element.setPointerCapture(event.pointerId)
    this.#pressed = event.pointerId
    this.#target.press(at, pan)
  }

  #move(event: PointerEvent): void {
    const at = this.#at(event)
    const before = this.#touches.get(event.pointerId)
    const other = [...this.#touches].find(([id]) => id !== event.pointerId)?.[1]
    if (before) this.#touches.set(event.pointerId, at.screen)
    if (before && other) this.#pinch(before, at.screen, other)
    else if (this.#pressed === null || this.#pressed === event.pointerId) this.#target.move(at)
  }

  #up(event: PointerEvent): void {
    this.#touches.delete(event.pointerId)
    if (this.#pressed !== event.pointerId) return
    this.#pressed = null
    this.#target.release(this.#at(event))
  }

  #lose(event: PointerEvent): void {
    this.#touches.delete(event.pointerId)
    if (this.#pressed === event.pointerId) this.#abandon()
  }

  #abandon(): void {
    this.#pressed = null
    this.#target.cancel()
  }

  #leave(event: PointerEvent): void {
    this.#touches.delete(event.pointerId)
    if (this.#pressed !== null) return
    this.#last = null
    this.#target.leave()
  }

  #pinch(before: ScreenPoint, after: ScreenPoint, other: ScreenPoint): void {
    const middle = (p: ScreenPoint) => ({ x: (p.x + other.x) / 2, y: (p.y + other.y) / 2 })
    const factor = distance(after, other) / Math.max(1, distance(before, other))
    this.#target.pinch(factor, middle(before), middle(after))
  }

  /** Shift and Alt change a gesture while the pointer rests; space belongs to the canvas only under the pointer. */
  #key(event: KeyboardEvent, down: boolean): void {
    if (event.key === 'Shift' || event.key === 'Alt') {
      if (this.#pressed === null || !this.#last) return
      // Alt alone would move the focus to the window's menu.
      event.preventDefault()
      this.#last = { ...this.#last, shift: event.shiftKey, alt: event.altKey }
      this.#target.move(this.#last)
    } else if (event.code === 'Space') {
      if (down && !this.#ownsSpace(event)) return
      if (down) event.preventDefault()
      this.#target.holdPan(down)
    }
  }

  #ownsSpace({ target }: KeyboardEvent): boolean {
    return this.#last !== null && (target === document.body || this.#element.contains(target as Node))
  }
}
