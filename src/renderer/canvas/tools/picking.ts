/** Which box a press means: smallest first, and repeated clicks go down the stack. */
import type { BoxXyxy } from '../../../core/geometry/box.ts'
import type { CanvasBox } from '../editing.ts'
import { type Handle, handleAt } from '../geometry/handles.ts'
import { distance, type ScreenPoint } from '../geometry/space.ts'
import { CLICK_SLOP, HIT_REACH, type PointerSample, type Surface } from './tool.ts'

/** The boxes under the pointer, smallest first. */
export const stackUnder = (surface: Surface, p: PointerSample): CanvasBox[] =>
  surface.index.stackAt(p.image, HIT_REACH / surface.view.scale)

export interface Grip {
  readonly id: number
  readonly box: BoxXyxy
  readonly handle: Handle
}

/** The box that shows handles: the selected one, where it is alone and may be changed. */
export function boxWithHandles(surface: Pick<Surface, 'scene' | 'index'>): CanvasBox | null {
  if (surface.scene.selection.size !== 1) return null
  const [id] = surface.scene.selection
  const box = surface.index.get(id!)
  return box && !box.locked && !box.hidden ? box : null
}

export function gripUnder(surface: Surface, p: PointerSample): Grip | null {
  const selected = boxWithHandles(surface)
  const handle = selected && handleAt(selected.box, surface.view, p.screen)
  return handle && { id: selected.id, box: selected.box, handle }
}

/** Selected boxes that a gesture may move. */
export function movable({ scene, index }: Pick<Surface, 'scene' | 'index'>): CanvasBox[] {
  return [...scene.selection].flatMap((id) => {
    const box = index.get(id)
    return box && !box.locked && !box.hidden ? [box] : []
  })
}

/** Remembers the last click to tell a repeated one. */
export class ClickCycle {
  #at: ScreenPoint | null = null

  /** What a click selects where `selected` of the stack is selected: the next one down if it repeats the last click, else the smallest. */
  next(at: ScreenPoint, stack: readonly CanvasBox[], selected: number): number {
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
