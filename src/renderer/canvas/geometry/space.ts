/** Points of the two coordinate spaces; the tag keeps them apart and exists in types only. */
declare const space: unique symbol

/** Image pixels, continuous: pixel k covers [k, k+1). */
export interface ImagePoint {
  readonly x: number
  readonly y: number
  readonly [space]?: 'image'
}

/** CSS pixels from the canvas's top left corner. */
export interface ScreenPoint {
  readonly x: number
  readonly y: number
  readonly [space]?: 'screen'
}

export const distance = (a: ScreenPoint, b: ScreenPoint): number => Math.hypot(a.x - b.x, a.y - b.y)
