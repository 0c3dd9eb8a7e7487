/** Which shape a press means: smallest first, and repeated clicks go down the stack. */
import type { CanvasShape } from '../editing.ts'
import type { Handle } from '../geometry/handles.ts'
import { distance, type ScreenPoint } from '../geometry/space.ts'
import { kindOf } from '../shapes/kind-of.ts'
import { CLICK_SLOP, HIT_REACH, type PointerSample, type Surface } from './tool.ts'

/** The shapes under the pointer, smallest first. */
export const stackUnder = (surface: Surface, p: PointerSample): CanvasShape[] =>
  surface.index.stackAt(p.image, HIT_REACH / surface.view.scale)

export interface Grip {
  readonly shape: CanvasShape
  readonly handle: Handle
}

/** The shape that shows handles: the selected one, where it is alone and may be changed. */
export function shapeWithHandles(surface: Pick<Surface, 'scene' | 'index'>): CanvasShape | null {
  if (surface.scene.selection.size !== 1) return null
  const [id] = surface.scene.selection
  const box = surface.index.get(id!)
  return box && !box.locked && !box.hidden ? box : null
}

export function gripUnder(surface: Surface, p: PointerSample): Grip | null {
  const selected = shapeWithHandles(surface)
  if (!selected) return null
  const handle = kindOf(selected).handleAt(selected, surface.view, p.screen)
  return handle && { shape: selected, handle }
}

/** Selected shapes that a gesture may move. */
export function movable({ scene, index }: Pick<Surface, 'scene' | 'index'>): CanvasShape[] {
  return [...scene.selection].flatMap((id) => {
    const box = index.get(id)
    return box && !box.locked && !box.hidden ? [box] : []
  })
}

/** Remembers the last click to tell a repeated one. */
export class ClickCycle {
  #at: ScreenPoint | null = null

  /** What a click selects where `selected` of the stack is selected: the next one down if it repeats the last click, else the smallest. */
  next(at: ScreenPoint, stack: readonly CanvasShape[], selected: number): number {
    const repeated = this.#at !== null && distance(this.#at, at) < CLICK_SLOP
    this.#at = at
    if (!repeated) return stack[0]!.id
    const position = stack.findIndex(({ id }) => id === selected)
    return stack[(position + 1) % stack.length]!.id
  }

  /** A click that selected something new: the first of a possible row. */
  begin(at: ScreenPoint): void {
    this.#at = at
  }

  end(): void {
    this.#at = null
  }
}
