/** One image's boxes as the network sees them at some input size. */
import type { BoxXyxy, Size } from '../geometry/box.ts'
import { paddedSize, resizedSize, type SizeRule } from '../geometry/input-size.ts'
import type { AssignmentRules } from './config.ts'
import { type Pyramid, pyramid } from './levels.ts'

/** What may be changed to make a box learnable. */
export interface InputSetting {
  readonly input: SizeRule
  readonly rules: AssignmentRules
}

/** Pixels of the network's input per pixel of the image. */
export function inputScale(image: Size, input: SizeRule): { readonly x: number; readonly y: number } {
  const { width, height } = resizedSize(image, input)
  return { x: width / image.width, y: height / image.height }
}

/** Boxes of an image of the given size, in pixels of the network's input: [N·4] x1, y1, x2, y2. */
export function inputBoxes(image: Size, boxes: readonly BoxXyxy[], input: SizeRule): Float32Array {
  const { x, y } = inputScale(image, input)
  const scaled = new Float32Array(boxes.length * 4)
  for (const [gt, box] of boxes.entries()) {
    scaled[gt * 4] = box[0] * x
    scaled[gt * 4 + 1] = box[1] * y
    scaled[gt * 4 + 2] = box[2] * x
    scaled[gt * 4 + 3] = box[3] * y
  }
  return scaled
}

/** The pyramid over an image of the given size, padding included. */
export const inputPyramid = (image: Size, { input, rules }: InputSetting): Pyramid =>
  pyramid(paddedSize(resizedSize(image, input)), rules.location)
