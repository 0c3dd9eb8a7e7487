/** What the frame around the canvas shows about it. */
import type { Size } from '../../core/geometry/box.ts'
import type { Camera } from './camera.ts'
import type { ImagePoint } from './geometry/space.ts'
import { toImage } from './geometry/view.ts'
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
  /** Nothing of the image is off the canvas: no minimap needed. */
  readonly showsAll: boolean
}

export function readoutOf(camera: Camera, { sketch, pointer }: Shown, picture: PictureState): Readout {
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
    showsAll: camera.showsAll,
  }
}
