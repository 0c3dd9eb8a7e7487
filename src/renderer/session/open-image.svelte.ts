/** The image that is open, as the window shows it: its objects, what is selected and hidden, what is being dragged. */
import { SvelteSet } from 'svelte/reactivity'
import type { ProjectAnnotation } from '../../core/project/model.ts'
import type { ClassBox } from '../../core/review/undecided.ts'
import type { DraftShape, SelectMode } from '../canvas/editing.ts'

export class OpenImage {
  /** Null: no image is open. */
  readonly id: number | null
  /** In the order in which they were made. Empty until they have been read. */
  annotations = $state.raw<readonly ProjectAnnotation[]>([])
  /** Proposals of the model in use that are shown beside the annotations and not stored; their ids are no annotation's. */
  guesses = $state.raw<readonly ProjectAnnotation[]>([])
  /** Where somebody has said that there is no object of a class. */
  rejections = $state.raw<readonly ClassBox[]>([])
  selection = $state.raw<ReadonlySet<number>>(new Set())
  /** The box that was drawn last, which is not selected: what is told of a box is told of it until another is selected. */
  drawn = $state<number | null>(null)
  /** Boxes under the pointer's hand, as they are at this moment; null between gestures. */
  draft = $state.raw<readonly DraftShape[] | null>(null)
  /** Neither drawn nor selectable. */
  readonly hidden = new SvelteSet<number>()
  readonly locked = new SvelteSet<number>()
  #isRead = $state(false)
  /** Everything that is shown and can be selected. */
  readonly objects = $derived([...this.annotations, ...this.guesses])
  readonly selected = $derived(this.objects.filter(({ id }) => this.selection.has(id)))

  constructor(id: number | null) {
    this.id = id
  }

  /** The image whose annotations are here; null while they are being read. */
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

  /** Shows what the store holds. `real` translates ids that this window gave to objects of its own. */
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
