/**
 * /asset/evaluation/<id>/points?ranking&axis&objects: for drawing, one point per detection or an even sample of them.
 * Little-endian columns one after the other, each of N values of 4 bytes: score (float32), IoU (float32), index of the
 * detection (uint32), its class (uint32).
 */
export const POINT_COLUMNS = 4
/** More of them are a blot, and slow. */
export const MOST_POINTS = 20_000

export interface ScorePoints {
  /** [N] */
  readonly scores: Float32Array
  readonly ious: Float32Array
  readonly indices: Uint32Array
  readonly classIds: Uint32Array
}

export function readPoints(file: ArrayBuffer): ScorePoints {
  const count = file.byteLength / (4 * POINT_COLUMNS)
  const column = (at: number) => [file, at * 4 * count, count] as const
  return {
    scores: new Float32Array(...column(0)),
    ious: new Float32Array(...column(1)),
    indices: new Uint32Array(...column(2)),
    classIds: new Uint32Array(...column(3)),
  }
}
