/** Whether two weights files are the same model to an engine: what they find, compared to the last bit. */
import type { DetectRequest, ScoredBox } from '../../../core/contract/engine.ts'
import { EVALUATION_SCORE, MOST_DETECTIONS } from '../../../core/detectors/shared/select.ts'
import type { WireError } from '../../../core/errors.ts'
import type { Size } from '../../../core/geometry/box.ts'
import type { Engine } from '../engine/client.ts'

/** As evaluations detect, for the check and the report. */
const DETECTION = { score: EVALUATION_SCORE, nms: null, limit: MOST_DETECTIONS, batch: 1 }

export interface ImageToDetect {
  readonly path: string
  /** The size that the labels are for: a picture of another size is refused. Absent where no labels are compared. */
  readonly size?: Size
}

/** An entry per image: the detections, or why the image could not be read. */
export type Found = readonly (readonly ScoredBox[] | WireError)[]

export const isRead = (found: readonly ScoredBox[] | WireError): found is readonly ScoredBox[] =>
  Array.isArray(found)

export const errorsOf = (found: Found): WireError[] => found.filter((one): one is WireError => !isRead(one))

/** Throws the engine's errors, and the signal's reason. */
export async function findAll(
  engine: Engine,
  model: string,
  images: readonly ImageToDetect[],
  signal: AbortSignal,
  onImage: (done: number) => void,
): Promise<Found> {
  const found: (readonly ScoredBox[] | WireError)[] = []
  const request: DetectRequest = {
    ...{ method: 'detect', model, ...DETECTION, size: null },
    images: images.map(({ path }) => path),
    sizes: images.map(({ size }) => size ?? null),
  }
  await engine.call(
    request,
    (event) => {
      if (event.kind !== 'detected' && event.kind !== 'skipped') return
      found[event.index] = event.kind === 'detected' ? event.detections : event.error
      onImage(event.index + 1)
    },
    signal,
  )
  signal.throwIfAborted()
  return found
}

/** Images on which the two differ in anything. Images that neither run could read were not compared, so they do not count. */
export function differing(one: Found, other: Found): number {
  const isSame = (a: ScoredBox, b: ScoredBox | undefined): boolean =>
    b !== undefined &&
    a.categoryId === b.categoryId &&
    Object.is(a.score, b.score) &&
    a.box.every((value, i) => Object.is(value, b.box[i]))
  return one.filter((boxes, image) => {
    const others = other[image]!
    if (!isRead(boxes) || !isRead(others)) return isRead(boxes) !== isRead(others)
    return boxes.length !== others.length || !boxes.every((box, i) => isSame(box, others[i]))
  }).length
}
