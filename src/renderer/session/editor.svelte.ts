/**
 * The objects of the open image: what is shown, what is selected, and how changes reach the store.
 *
 * Every change shows at once and is sent behind the scenes, in order (Outbox). Objects just drawn have negative ids
 * until the store has answered; the outbox translates. When a call fails the image is read anew, so what is seen is
 * what is saved.
 */
import { SvelteSet } from 'svelte/reactivity'
import type { EventData } from '../../core/contract/studio.ts'
import type { BoxXyxy } from '../../core/geometry/box.ts'
import type { AnnotationPatch, NewAnnotation, ProjectAnnotation } from '../../core/project/model.ts'
import type { DraftBox, SelectMode } from '../canvas/editing.ts'
import { Outbox } from './outbox.ts'
import type { Surroundings } from './surroundings.ts'

/** `images.current` is the image that is open, or is being opened. */
type EditorSurroundings = Surroundings & { readonly images: { readonly current: number | null } }

export class Editor {
  readonly #studio: EditorSurroundings
  readonly #outbox: Outbox
  /** Of the open image, in the order in which they were made. */
  annotations = $state.raw<readonly ProjectAnnotation[]>([])
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
  readonly selected = $derived(this.annotations.filter(({ id }) => this.selection.has(id)))
  #nextTemporaryId = -1
  #clipboard: readonly NewAnnotation[] = []

  constructor(studio: EditorSurroundings) {
    this.#studio = studio
    this.#outbox = new Outbox(
      async (error) => {
        studio.messages.showError(error)
        await this.#reload()
      },
      (busy) => {
        this.saving = busy
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
    this.loaded = null
    this.annotations = []
    this.selection = new Set()
    this.draft = null
    this.hidden.clear()
    this.locked.clear()
    await this.#outbox.settled()
    await this.#read(image)
  }

  /** Resolves when everything done so far is saved. */
  settled(): Promise<void> {
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
    const temporary = complete.map(({ id }) => id)
    this.#outbox.send(label, async () => {
      const { ids } = await this.#studio.client.call('annotations.add', { image, annotations: added, label })
      this.#settleIds(new Map(temporary.map((id, i) => [id, ids[i]!])))
    })
  }

  move(boxes: ReadonlyMap<number, BoxXyxy>, label = 'Move box'): void {
    // A mask's area and outline, as imported, are those of the old place.
    this.#patch([...boxes.keys()], (id) => ({ box: boxes.get(id)!, area: null, segmentation: null }), label)
  }

  /** Gives the selected objects another class; without a selection the pen. */
  classify(classId: number): void {
    if (this.selection.size > 0) this.update([...this.selection], { classId }, 'Change class')
    this.penClass = classId
  }

  update(ids: readonly number[], patch: AnnotationPatch, label: string): void {
    this.#patch(ids, () => patch, label)
  }

  remove(ids: readonly number[]): void {
    const gone = new Set(ids)
    if (gone.size === 0 || !this.#mayEdit()) return
    this.annotations = this.annotations.filter(({ id }) => !gone.has(id))
    this.selection = new Set([...this.selection].filter((id) => !gone.has(id)))
    this.#outbox.send('Delete boxes', async (real) => {
      await this.#studio.client.call('annotations.remove', { ids: ids.map(real) })
    })
  }

  /** Proposals become labels. */
  accept(ids: readonly number[]): void {
    const accepted = new Set(this.#proposals(ids))
    if (accepted.size === 0 || !this.#mayEdit()) return
    this.annotations = this.annotations.map((one) =>
      accepted.has(one.id) ? { ...one, source: 'accepted' } : one,
    )
    this.#outbox.send('Accept proposals', async (real) => {
      await this.#studio.client.call('annotations.accept', { ids: [...accepted].map(real) })
    })
  }

  reject(ids: readonly number[]): void {
    const rejected = new Set(this.#proposals(ids))
    if (rejected.size === 0 || !this.#mayEdit()) return
    this.annotations = this.annotations.filter(({ id }) => !rejected.has(id))
    this.selection = new Set([...this.selection].filter((id) => !rejected.has(id)))
    this.#outbox.send('Reject proposals', async (real) => {
      await this.#studio.client.call('annotations.reject', { ids: [...rejected].map(real) })
    })
  }

  copy(ids: readonly number[]): void {
    this.#clipboard = this.annotations.filter(({ id }) => ids.includes(id)).map(asDrawn)
  }

  /** In place: into another image, or over the originals. */
  paste(): void {
    this.add(this.#clipboard, 'Paste boxes')
  }

  duplicate(ids: readonly number[], offset: number): void {
    const copies = this.annotations
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
    const changed = new Set(ids)
    if (changed.size === 0 || !this.#mayEdit()) return
    // Whoever edits a proposal has looked at it: it becomes a label.
    const full = (one: ProjectAnnotation): AnnotationPatch => ({
      ...patchOf(one.id),
      ...(one.source === 'proposed' && { source: 'accepted' }),
    })
    const changes = this.annotations
      .filter(({ id }) => changed.has(id))
      .map((one) => [one.id, full(one)] as const)
    const patches = new Map(changes)
    this.annotations = this.annotations.map((one) => ({ ...one, ...patches.get(one.id) }))
    this.#outbox.send(label, async (real) => {
      await this.#studio.client.call('annotations.update', {
        changes: changes.map(([id, patch]) => ({ id: real(id), patch })),
        label,
      })
    })
  }

  #settleIds(ids: ReadonlyMap<number, number>): void {
    this.#outbox.learn(ids)
    const real = (id: number): number => ids.get(id) ?? id
    this.annotations = this.annotations.map((one) => (ids.has(one.id) ? { ...one, id: real(one.id) } : one))
    this.selection = new Set([...this.selection].map(real))
    for (const set of [this.hidden, this.locked]) {
      for (const id of ids.keys()) if (set.delete(id)) set.add(real(id))
    }
  }

  #proposals(ids: readonly number[]): number[] {
    const wanted = new Set(ids)
    return this.annotations.flatMap(({ id, source }) => (source === 'proposed' && wanted.has(id) ? id : []))
  }

  async #firstClass(): Promise<number | undefined> {
    const added = await this.#studio.attempt(this.#studio.client.call('classes.add', { name: 'object' }))
    return added?.id
  }

  #mayEdit(): boolean {
    const { project, canEdit, messages } = this.#studio
    if (!canEdit && project?.readOnly) messages.showError(project.readOnly)
    return canEdit
  }

  async #reload(): Promise<void> {
    if (this.loaded !== null) await this.#read(this.loaded)
  }

  async #read(image: number): Promise<void> {
    const { client, images } = this.#studio
    const annotations = await this.#studio.attempt(client.call('annotations.of', { image }))
    // Meanwhile another image may have been opened, or something drawn here.
    if (!annotations || images.current !== image || this.#outbox.isBusy) return
    this.annotations = annotations
    this.loaded = image
    const present = new Set(annotations.map(({ id }) => id))
    this.selection = new Set([...this.selection].filter((id) => present.has(id)))
  }
}

const asDrawn = ({ classId, box, crowd, difficult, attributes }: ProjectAnnotation): NewAnnotation => ({
  classId,
  box,
  crowd,
  difficult,
  attributes,
  source: 'drawn',
})

const withDefaults = (annotation: NewAnnotation, imageId: number, id: number): ProjectAnnotation => ({
  crowd: false,
  difficult: false,
  model: null,
  score: null,
  area: null,
  segmentation: null,
  attributes: null,
  ...annotation,
  id,
  imageId,
})

const shifted = ([x1, y1, x2, y2]: BoxXyxy, by: number): BoxXyxy => [x1 + by, y1 + by, x2 + by, y2 + by]
