/**
 * The objects of the open image: what is shown, what is selected, and how changes reach the store.
 *
 * Every change shows at once and is sent behind the scenes, in order (Outbox). Objects drawn here keep negative ids until
 * the image is read anew, so that no gesture on them is disturbed; the outbox translates. When a call fails the image is
 * read anew, so what is seen is what is saved.
 */
import { SvelteSet } from 'svelte/reactivity'
import type { EventData } from '../../core/contract/studio.ts'
import type { BoxXyxy } from '../../core/geometry/box.ts'
import type { AnnotationPatch, NewAnnotation, ProjectAnnotation } from '../../core/project/model.ts'
import type { ClassBox } from '../../core/review/undecided.ts'
import type { DraftBox, SelectMode } from '../canvas/editing.ts'
import { asDrawn, asNew, movedTo, shifted, withDefaults } from './annotation-records.ts'
import { Outbox } from './outbox.ts'
import type { Surroundings } from './surroundings.ts'

interface Change {
  readonly id: number
  readonly patch: AnnotationPatch
}

/** Longer than a held key takes to repeat. */
const NUDGE_PAUSE_MS = 600

/** `images.current` is the image that is open, or is being opened. */
type EditorSurroundings = Surroundings & { readonly images: { readonly current: number | null } }

export class Editor {
  readonly #studio: EditorSurroundings
  readonly #outbox: Outbox
  /** Of the open image, in the order in which they were made. */
  annotations = $state.raw<readonly ProjectAnnotation[]>([])
  /** Proposals of the model in use that are shown beside the annotations and not stored; their ids are no annotation's. */
  guesses = $state.raw<readonly ProjectAnnotation[]>([])
  /** Where somebody has said that there is no object of a class. */
  rejections = $state.raw<readonly ClassBox[]>([])
  /** Everything that is shown and can be selected. */
  readonly objects = $derived([...this.annotations, ...this.guesses])
  /** The image that `annotations` belong to; null while they are being read. */
  loaded = $state<number | null>(null)
  /** Changes are on their way to the store. */
  saving = $state(false)
  selection = $state.raw<ReadonlySet<number>>(new Set())
  /** Boxes under the pointer's hand, as they are at this moment; null between gestures. */
  draft = $state.raw<readonly DraftBox[] | null>(null)
  /** Neither drawn nor selectable, until the next image. */
  readonly hidden = new SvelteSet<number>()
  readonly locked = new SvelteSet<number>()
  /** The class that a new box gets. */
  #penClass = $state<number | null>(null)
  readonly selected = $derived(this.objects.filter(({ id }) => this.selection.has(id)))
  #nextTemporaryId = -1
  #clipboard: readonly NewAnnotation[] = []
  /** Changes by keys that are shown and not yet sent. */
  #nudged: readonly Change[] = []
  #nudgeTimer: ReturnType<typeof setTimeout> | undefined
  /** Something else changed while changes were on their way. */
  #outdated = false

  constructor(studio: EditorSurroundings) {
    this.#studio = studio
    this.#outbox = new Outbox(
      async (error) => {
        studio.messages.showError(error)
        await this.#reload()
      },
      (busy) => {
        this.saving = busy
        if (!busy && this.#outdated) void this.#reload()
      },
    )
  }

  get penClass(): number | null {
    const { classes, classById } = this.#studio
    if (this.#penClass !== null && classById.has(this.#penClass)) return this.#penClass
    return classes[0]?.id ?? null
  }

  set penClass(id: number | null) {
    this.#penClass = id
  }

  async load(image: number): Promise<void> {
    this.#endNudging()
    this.loaded = null
    this.annotations = []
    this.rejections = []
    this.selection = new Set()
    this.draft = null
    this.hidden.clear()
    this.locked.clear()
    await this.#outbox.settled()
    await this.#read(image)
  }

  /** Resolves when everything done so far is saved. */
  settled(): Promise<void> {
    this.#endNudging()
    return this.#outbox.settled()
  }

  select(ids: readonly number[], mode: SelectMode = 'replace'): void {
    const next = new Set(mode === 'replace' ? [] : this.selection)
    for (const id of ids) {
      if (mode === 'remove' || (mode === 'toggle' && next.has(id))) next.delete(id)
      else next.add(id)
    }
    this.selection = next
  }

  /** Draws a box of the pen's class. A project without classes gets its first one. */
  async draw(box: BoxXyxy): Promise<void> {
    if (!this.#mayEdit()) return
    const classId = this.penClass ?? (await this.#firstClass())
    if (classId === undefined) return
    this.add([{ classId, box, source: 'drawn' }], 'Draw box')
  }

  /** Adds objects and selects them. */
  add(added: readonly NewAnnotation[], label: string): void {
    const image = this.loaded
    if (image === null || added.length === 0 || !this.#mayEdit()) return
    const complete = added.map((annotation) => withDefaults(annotation, image, this.#nextTemporaryId--))
    this.annotations = [...this.annotations, ...complete]
    this.selection = new Set(complete.map(({ id }) => id))
    this.#outbox.send(label, async () => {
      const { ids } = await this.#studio.client.call('annotations.add', { image, annotations: added, label })
      this.#outbox.learn(new Map(complete.map(({ id }, i) => [id, ids[i]!])))
    })
  }

  move(boxes: ReadonlyMap<number, BoxXyxy>, label = 'Move box'): void {
    this.#patch([...boxes.keys()], movedTo(boxes), label)
  }

  /** Moves by keys: presses in a row are one step. */
  nudge(boxes: ReadonlyMap<number, BoxXyxy>): void {
    if (this.#guessed([...boxes.keys()]).length > 0) {
      this.move(boxes)
      return
    }
    const goesOn = this.#nudged.length === boxes.size && this.#nudged.every(({ id }) => boxes.has(id))
    if (!goesOn && !this.#mayEdit()) return
    clearTimeout(this.#nudgeTimer)
    const before = new Map(this.#nudged.map(({ id, patch }) => [id, patch]))
    const changes = this.#change([...boxes.keys()], movedTo(boxes))
    this.#nudged = changes.map(({ id, patch }) => ({ id, patch: { ...before.get(id), ...patch } }))
    this.saving = true
    this.#nudgeTimer = setTimeout(() => this.#endNudging(), NUDGE_PAUSE_MS)
  }

  /** Gives the selected objects another class; without a selection the pen. */
  classify(classId: number): void {
    if (this.selection.size > 0) this.update([...this.selection], { classId }, 'Change class')
    this.penClass = classId
  }

  update(ids: readonly number[], patch: AnnotationPatch, label: string): void {
    this.#patch(ids, () => patch, label)
  }

  /** Guesses are rejected: as long as the model sees them they would come again. */
  remove(ids: readonly number[]): void {
    this.reject(this.#guessed(ids).map(({ id }) => id))
    const gone = new Set(this.#stored(ids))
    if (gone.size === 0 || !this.#mayEdit()) return
    this.annotations = this.annotations.filter(({ id }) => !gone.has(id))
    this.#deselect(gone)
    this.#outbox.send('Delete boxes', async (real) => {
      await this.#studio.client.call('annotations.remove', { ids: [...gone].map(real) })
    })
  }

  /** Proposals and guesses become labels. */
  accept(ids: readonly number[]): void {
    const image = this.loaded
    const { proposed, guessed } = this.#proposals(ids)
    if (image === null || proposed.size + guessed.length === 0 || !this.#mayEdit()) return
    const added = guessed.map((guess) => ({
      ...guess,
      ...{ id: this.#nextTemporaryId--, source: 'accepted' as const },
    }))
    const accepted = this.annotations.map((one) =>
      proposed.has(one.id) ? { ...one, source: 'accepted' as const } : one,
    )
    this.annotations = [...accepted, ...added]
    const idOf = new Map(guessed.map(({ id }, i) => [id, added[i]!.id]))
    this.selection = new Set([...this.selection].map((id) => idOf.get(id) ?? id))
    this.#outbox.send('Accept proposals', async (real) => {
      const { ids } = await this.#studio.client.call('annotations.accept', {
        ids: [...proposed].map(real),
        ...(added.length > 0 && { guesses: { image, annotations: added.map(asNew) } }),
      })
      this.#outbox.learn(new Map(added.map(({ id }, i) => [id, ids[i]!])))
    })
  }

  reject(ids: readonly number[]): void {
    const image = this.loaded
    const { proposed, guessed } = this.#proposals(ids)
    if (image === null || proposed.size + guessed.length === 0 || !this.#mayEdit()) return
    const gone = this.annotations.filter(({ id }) => proposed.has(id))
    this.annotations = this.annotations.filter(({ id }) => !proposed.has(id))
    this.rejections = [...this.rejections, ...gone, ...guessed]
    this.#deselect(new Set([...gone, ...guessed].map(({ id }) => id)))
    this.#outbox.send('Reject proposals', async (real) => {
      await this.#studio.client.call('annotations.reject', {
        ids: [...proposed].map(real),
        ...(guessed.length > 0 && { guesses: { image, annotations: guessed.map(asNew) } }),
      })
    })
  }

  copy(ids: readonly number[]): void {
    this.#clipboard = this.objects.filter(({ id }) => ids.includes(id)).map(asDrawn)
  }

  /** In place: into another image, or over the originals. */
  paste(): void {
    this.add(this.#clipboard, 'Paste boxes')
  }

  duplicate(ids: readonly number[], offset: number): void {
    const copies = this.objects
      .filter(({ id }) => ids.includes(id))
      .map((one) => ({ ...asDrawn(one), box: shifted(one.box, offset) }))
    this.add(copies, 'Duplicate boxes')
  }

  /** The labels of another image, those that are here already left out. */
  async copyFrom(image: number): Promise<void> {
    const { client } = this.#studio
    const theirs = await this.#studio.attempt(client.call('annotations.of', { image }))
    const here = new Set(this.annotations.map(({ classId, box }) => `${classId} ${box}`))
    const labels = theirs?.filter(
      ({ source, classId, box }) => source !== 'proposed' && !here.has(`${classId} ${box}`),
    )
    if (labels) this.add(labels.map(asDrawn), 'Copy boxes from image')
  }

  /** A step of the history, possibly of another window. */
  stepped({ images, label }: EventData<'step'>): void {
    const image = this.loaded
    if (image === null || (images !== 'many' && !images.includes(image))) return
    // Its own steps it has shown already.
    if (this.#outbox.isSending(label)) return
    void this.#reload()
  }

  #patch(ids: readonly number[], patchOf: (id: number) => AnnotationPatch, label: string): void {
    if (ids.length === 0 || !this.#mayEdit()) return
    const edited = this.#guessed(ids).map((guess): NewAnnotation => {
      return { ...asNew(guess), ...patchOf(guess.id), source: 'accepted' }
    })
    this.add(edited, label)
    const stored = this.#stored(ids)
    if (stored.length > 0) this.#sendChanges(this.#change(stored, patchOf), label)
  }

  /** Shows a change. Whoever edits a proposal has looked at it: it becomes a label, as does a guess. */
  #change(ids: readonly number[], patchOf: (id: number) => AnnotationPatch): Change[] {
    const changed = new Set(ids)
    const changes = this.annotations
      .filter(({ id }) => changed.has(id))
      .map(({ id, source }): Change => {
        const accepted = source === 'proposed' ? ({ source: 'accepted' } as const) : {}
        return { id, patch: { ...patchOf(id), ...accepted } }
      })
    const patches = new Map(changes.map(({ id, patch }) => [id, patch]))
    this.annotations = this.annotations.map((one) =>
      patches.has(one.id) ? { ...one, ...patches.get(one.id) } : one,
    )
    return changes
  }

  #sendChanges(changes: readonly Change[], label: string): void {
    this.#outbox.send(label, async (real) => {
      await this.#studio.client.call('annotations.update', {
        changes: changes.map(({ id, patch }) => ({ id: real(id), patch })),
        label,
      })
    })
  }

  #endNudging(): void {
    clearTimeout(this.#nudgeTimer)
    if (this.#nudged.length > 0) this.#sendChanges(this.#nudged, 'Move box')
    this.#nudged = []
  }

  #guessed(ids: readonly number[]): ProjectAnnotation[] {
    const wanted = new Set(ids)
    return this.guesses.filter(({ id }) => wanted.has(id))
  }

  #stored(ids: readonly number[]): number[] {
    const guessed = new Set(this.#guessed(ids).map(({ id }) => id))
    return ids.filter((id) => !guessed.has(id))
  }

  /** Ids of stored ones, and guesses that are not. */
  #proposals(ids: readonly number[]) {
    const wanted = new Set(ids)
    const proposed = this.annotations.filter(({ id, source }) => source === 'proposed' && wanted.has(id))
    return { proposed: new Set(proposed.map(({ id }) => id)), guessed: this.#guessed(ids) }
  }

  #deselect(gone: ReadonlySet<number>): void {
    this.selection = new Set([...this.selection].filter((id) => !gone.has(id)))
  }

  async #firstClass(): Promise<number | undefined> {
    const added = await this.#studio.attempt(this.#studio.client.call('classes.add', { name: 'object' }))
    return added?.id
  }

  /** Whether anything can be changed, and if not, says why. Whatever is done next, nudging has ended. */
  #mayEdit(): boolean {
    this.#endNudging()
    const { project, canEdit, messages } = this.#studio
    if (!canEdit && project?.readOnly) messages.showError(project.readOnly)
    return canEdit
  }

  async #reload(): Promise<void> {
    if (this.loaded !== null) await this.#read(this.loaded)
  }

  async #read(image: number): Promise<void> {
    const { client, images } = this.#studio
    const [annotations, rejections] = await Promise.all([
      this.#studio.attempt(client.call('annotations.of', { image })),
      this.#studio.attempt(client.call('annotations.rejected', { image })),
    ])
    if (!annotations || !rejections || images.current !== image) return
    // What was drawn here meanwhile is not among them yet.
    this.#outdated = this.#outbox.isBusy || this.#nudged.length > 0
    if (this.#outdated) return
    this.annotations = annotations
    this.rejections = rejections
    this.loaded = image
    const present = new Set(this.objects.map(({ id }) => id))
    const kept = (ids: Iterable<number>): number[] =>
      [...ids].map((id) => this.#outbox.real(id)).filter((id) => present.has(id))
    this.selection = new Set(kept(this.selection))
    for (const ids of [this.hidden, this.locked]) {
      const still = kept(ids)
      ids.clear()
      for (const id of still) ids.add(id)
    }
  }
}
