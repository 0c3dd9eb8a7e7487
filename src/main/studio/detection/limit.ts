/**
 * The limit of detections per image, where classes have minimum scores of their own. The engine knows one minimum score for
 * all classes, so it is asked for more detections than the limit: otherwise those that the scores of their classes rule out
 * would take the places of wanted ones.
 */
import type { ScoredBox } from '../../../core/contract/engine.ts'
import { CANDIDATES_PER_LEVEL } from '../../../core/detectors/shared/select.ts'

/** How many detections per image to keep before minimum scores of classes apply. */
export const limitBefore = (limit: number, hasClassScores: boolean): number =>
  hasClassScores ? Math.max(limit, CANDIDATES_PER_LEVEL) : limit

/**
 * The best of the wanted detections, and whether there were, or may have been, more.
 *
 * @param found best first, from an engine that was asked for one more than `before`, so that a cut shows
 * @param tiles in how many tiles the image was detected: limits count for each
 */
export function keepBest<Found extends Pick<ScoredBox, 'categoryId' | 'score'>>(
  found: readonly Found[],
  { limit, before = limit, tiles = 1 }: { limit: number; before?: number; tiles?: number | null | undefined },
  isWanted: (one: Found) => boolean = () => true,
): { readonly detections: Found[]; readonly cut: boolean } {
  const wanted = found.filter(isWanted)
  const most = limit * (tiles ?? 1)
  return {
    detections: wanted.slice(0, most),
    cut: wanted.length > most || found.length > before * (tiles ?? 1),
  }
}
