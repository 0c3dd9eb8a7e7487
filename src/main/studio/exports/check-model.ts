/** Whether two weights files are the same model to an engine: what they find, compared to the last bit. */
import type { DetectRequest, ScoredBox } from '../../../core/contract/engine.ts'
import { EVALUATION_SCORE, MOST_DETECTIONS } from '../../../core/detectors/shared/select.ts'
import type { Engine } from '../engine/client.ts'

/** As evaluations detect, for the check and the report. */
const DETECTION = { score: EVALUATION_SCORE, nms: null, limit: MOST_DETECTIONS, batch: 1, size: null }

/** An entry per image; undefined for one that cannot be read. */
export type Found = readonly (readonly ScoredBox[] | undefined)[]

/** Throws the engine's errors, and the signal's reason. */
export async function findAll(
  engine: Engine,
  model: string,
  images: readonly string[],
  signal: AbortSignal,
  onImage: (done: number) => void,
): Promise<Found> {
  const found = new Array<readonly ScoredBox[] | undefined>(images.length)
  const request: DetectRequest = { method: 'detect', model, images: [...images], ...DETECTION }
  await engine.call(
    request,
    (event) => {
      if (event.kind !== 'detected' && event.kind !== 'skipped') return
      found[event.index] = event.kind === 'detected' ? event.detections : undefined
      onImage(event.index + 1)
    },
    signal,
  )
  signal.throwIfAborted()
  return found
}

/** Images on which the two differ in anything. */
export function differing(one: Found, other: Found): number {
  const isSame = (a: ScoredBox, b: ScoredBox | undefined): boolean =>
    b !== undefined &&
    a.categoryId === b.categoryId &&
    Object.is(a.score, b.score) &&
    a.box.every((value, i) => Object.is(value, b.box[i]))
  return one.filter((boxes, image) => {
    const others = other[image]
    if (boxes === undefined || others === undefined) return boxes !== others
    return boxes.length !== others.length || !boxes.every((box, i) => isSame(box, others[i]))
  }).length
}
