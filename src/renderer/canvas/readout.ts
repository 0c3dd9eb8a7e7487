/** What the frame around the canvas shows about it. */
import type { Size } from '../../core/geometry/box.ts'
import type { Camera } from './camera.ts'
import type { ImagePoint } from './geometry/space.ts'
import { toImage } from './geometry/view.ts'
import { placeBox, type ScreenRect } from './layers/placement.ts'
import type { PictureState } from './picture/image-source.ts'
import type { Shown } from './renderer.ts'

export interface Readout {
  /** 1 is 100 %: an image pixel is a pixel of the screen. */
  readonly zoom: number
  /** The pointer in image pixels; null off the image. */
  readonly cursor: ImagePoint | null
  /** Of the one box in the hand, in image pixels. */
  readonly size: Size | null
  readonly picture: PictureState
  /** What the tool in the hand expects next. */
  readonly hint: string | null
  /** Nothing of the image is off the canvas: no minimap needed. */
  readonly showsAll: boolean
  /** The shape under the pointer, else the only selected one, and where it is on the canvas; null during a gesture. */
  readonly focus: { readonly id: number; readonly at: ScreenRect } | null
}

export function readoutOf(camera: Camera, shown: Shown, picture: PictureState, hint: string | null): Readout {
  const { sketch, pointer } = shown
  const { image } = camera.frame
  const at = pointer && toImage(camera.view, pointer)
  const inside = at && at.x >= 0 && at.y >= 0 && at.x < image.width && at.y < image.height
  const [held, ...more] = sketch.draft ?? []
  const single = held && more.length === 0 ? held.box : null
  return {
    zoom: camera.zoom,
    cursor: inside ? at : null,
    size: single && { width: single[2] - single[0], height: single[3] - single[1] },
    picture,
    hint,
    showsAll: camera.showsAll,
    focus: sketch.draft || sketch.region ? null : focusOf(camera, shown),
  }
}

function focusOf(camera: Camera, { sketch, scene, index }: Shown): Readout['focus'] {
  const id = sketch.hovered ?? (scene.selection.size === 1 ? [...scene.selection][0] : undefined)
  const found = id === undefined ? undefined : index.get(id)
  return found && !found.hidden ? { id: found.id, at: placeBox(found.box, camera.sight, 1) } : null
}
