/** The open image as the window shows it: its objects, what is selected and hidden, and what is being dragged. */
import { SvelteSet } from 'svelte/reactivity'
import type { ProjectAnnotation } from '../../core/project/model.ts'
import type { ClassBox } from '../../core/review/undecided.ts'
import type { DraftShape, SelectMode } from '../canvas/editing.ts'

export class OpenImage {
  /** Null: no image is open. */
  readonly id: number | null
  /** In the order of their creation. Empty until they have been read. */
  annotations = $state.raw<readonly ProjectAnnotation[]>([])
  /** Guesses of the model in use, shown beside the annotations and not stored; no annotation has their ids. */
  guesses = $state.raw<readonly ProjectAnnotation[]>([])
  /** Boxes that the user rejected as objects of a class. */
  rejections = $state.raw<readonly ClassBox[]>([])
  selection = $state.raw<ReadonlySet<number>>(new Set())
  /** The box drawn last. It is not selected, but panels about one box show it until another is selected. */
  drawn = $state<number | null>(null)
  /** The current state of boxes that are being dragged; null between gestures. */
  draft = $state.raw<readonly DraftShape[] | null>(null)
  /** Neither drawn nor selectable. */
  readonly hidden = new SvelteSet<number>()
  readonly locked = new SvelteSet<number>()
  #isRead = $state(false)
  /** Everything that can be shown and selected. */
  readonly objects = $derived([...this.annotations, ...this.guesses])
  readonly selected = $derived(this.objects.filter(({ id }) => this.selection.has(id)))

  constructor(id: number | null) {
    this.id = id
  }

  /** The image's id once its annotations have been read; null before. */
  get loaded(): number | null {
    return this.#isRead ? this.id : null
  }

  select(ids: Iterable<number>, mode: SelectMode = 'replace'): void {
    const next = new Set(mode === 'replace' ? [] : this.selection)
    for (const id of ids) {
      if (mode === 'remove' || (mode === 'toggle' && next.has(id))) next.delete(id)
      else next.add(id)
    }
    this.selection = next
    if (next.size > 0) this.drawn = null
  }

  /** Shows the stored objects. `real` translates temporary ids of this window. */
  show(
    annotations: readonly ProjectAnnotation[],
    rejections: readonly ClassBox[],
    real: (id: number) => number,
  ): void {
    this.annotations = annotations
    this.rejections = rejections
    this.#isRead = true
    const present = new Set(this.objects.map(({ id }) => id))
    const kept = (ids: Iterable<number>): number[] => [...ids].map(real).filter((id) => present.has(id))
    this.select(kept(this.selection))
    if (this.drawn !== null) this.drawn = kept([this.drawn])[0] ?? null
    for (const ids of [this.hidden, this.locked]) {
      const still = kept(ids)
      ids.clear()
      for (const id of still) ids.add(id)
    }
  }

  guessesAmong(ids: readonly number[]): ProjectAnnotation[] {
    const wanted = new Set(ids)
    return this.guesses.filter(({ id }) => wanted.has(id))
  }

  /** Those of the ids that are annotations. */
  storedAmong(ids: readonly number[]): number[] {
    const guessed = new Set(this.guesses.map(({ id }) => id))
    return ids.filter((id) => !guessed.has(id))
  }

  proposalsAmong(ids: readonly number[]): ProjectAnnotation[] {
    const wanted = new Set(ids)
    return this.annotations.filter(({ id, source }) => source === 'proposed' && wanted.has(id))
  }
}
