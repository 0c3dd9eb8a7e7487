/** Times of a page's animation frames, from the browser's trace. */

/** Of a trace in Chromium's format; times in microseconds, tdur of the thread's processor time where it was taken. */
interface TraceEvent {
  readonly name: string
  readonly ts: number
  readonly dur: number
  readonly tdur?: number
}

export interface FrameTimes {
  readonly script: number
  /** null where no event came before the frame. */
  readonly feedback: number | null
}

/** Handlers and the drawing after them, frame by frame. */
export function framesOf(events: readonly TraceEvent[]): FrameTimes[] {
  const frames: FrameTimes[] = []
  let handlers = 0
  let first: number | null = null
  for (const { name, ts, dur, tdur = dur } of events.toSorted((a, b) => a.ts - b.ts)) {
    if (name === 'EventDispatch') {
      handlers += tdur
      first ??= ts
    } else if (name === 'FireAnimationFrame') {
      frames.push({ script: (handlers + tdur) / 1000, feedback: first && (ts + dur - first) / 1000 })
      handlers = 0
      first = null
    }
  }
  return frames
}

export function percentiles(values: readonly number[]) {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number) =>
    Number(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!.toFixed(2))
  return { p50: at(0.5), p95: at(0.95), max: at(1), frames: sorted.length }
}
