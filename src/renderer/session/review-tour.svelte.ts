/**
 * A review tour goes from box to box on the canvas, in the order of a list elsewhere in the window. The list starts it,
 * keys move it on and back, and afterwards the list continues behind the last box that was visited.
 */
import type { BoxXyxy } from '../../core/geometry/box.ts'
import type { Segmentation } from '../../core/geometry/segmentation.ts'

interface TourGuess {
  readonly classId: number
  readonly box: BoxXyxy
  readonly score: number
  /** Of a detector of masks. */
  readonly segmentation?: Segmentation
}

export interface TourStop {
  readonly imageId: number
  /** The label that it is about; null where there is none. */
  readonly annotationId: number | null
  /** Image pixels; the view goes there. */
  readonly box: BoxXyxy
  /** What a detector says is there, drawn beside the labels. */
  readonly guess: TourGuess | null
  /** One line: what is wrong here. */
  readonly note: string
  /** Where labels are in doubt: makes them what the detector says, in the words of a button; or says that they are right. */
  readonly agree?: { readonly title: string; run(): void }
  readonly keep?: { run(): void; undo(): void }
}

export class ReviewTour {
  readonly #open: (imageId: number) => void
  stops = $state.raw<readonly TourStop[]>([])
  at = $state(0)
  /** Back to the list, which goes on at this stop. */
  #end: ((next: number) => void) | undefined
  readonly current: TourStop | null = $derived(this.stops[this.at] ?? null)

  /** `open` shows an image on the canvas. */
  constructor(open: (imageId: number) => void) {
    this.#open = open
  }

  start(stops: readonly TourStop[], at: number, end: (next: number) => void): void {
    this.stops = stops
    this.#end = end
    this.#goTo(at)
  }

  /** Past the last stop the tour ends. */
  step(by: 1 | -1): void {
    if (this.at + by >= this.stops.length) this.end()
    else this.#goTo(Math.max(0, this.at + by))
  }

  /** The stop at hand is done with: nobody comes by again. @returns what takes that back, and goes there. */
  answered(): () => void {
    const stop = this.stops[this.at]!
    this.stops = this.stops.toSpliced(this.at, 1)
    if (this.at >= this.stops.length) this.end()
    else this.#goTo(this.at)
    return () => {
      this.stops = this.stops.toSpliced(this.at, 0, stop)
      this.#goTo(this.at)
    }
  }

  end(): void {
    const next = Math.min(this.at + 1, this.stops.length - 1)
    this.stops = []
    this.at = 0
    this.#end?.(next)
  }

  #goTo(at: number): void {
    this.at = at
    const stop = this.stops[at]
    if (stop) this.#open(stop.imageId)
  }
}
