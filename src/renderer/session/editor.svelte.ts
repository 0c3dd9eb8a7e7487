/**
 * Edits the objects of the open image and sends the changes to the store.
 *
 * Every change shows at once and is sent in the background, in order (Outbox). Objects drawn here keep negative ids until
 * the image is read again, so that gestures on them are not disturbed; the outbox translates the ids. When a call fails,
 * the image is read again, so that the window shows what is stored.
 */
import type { EventData } from '../../core/contract/studio.ts'
import { fromWire } from '../../core/errors.ts'
import type { Shape } from '../../core/geometry/shape.ts'
import type { AnnotationPatch, NewAnnotation, ProjectAnnotation } from '../../core/project/model.ts'
import { patched } from '../../core/project/patch.ts'
import { countOf } from '../ui/numbers.ts'
import { asNew, reshaped, withDefaults } from './annotation-records.ts'
import { Clipboard } from './clipboard.ts'
import type { Context } from './controller-context.ts'
import { type Change, KeyMoves } from './key-moves.ts'
import { OpenImage } from './open-image.svelte.ts'
import { Outbox } from './outbox.ts'

/** All are false where no gesture is under way. */
export interface Gesture {
  readonly isUnderWay: boolean
  cancelGesture(): boolean
  /** Takes back its last step, or all of it. */
  undoGesture(): boolean
  redoGesture(): boolean
}

export class Editor {
  readonly #context: Context
  readonly #outbox: Outbox
  readonly #keyMoves = new KeyMoves((changes) => this.#sendChanges(changes, 'Move box'))
  readonly clipboard: Clipboard
  /** State of the open image, replaced when another image is opened. */
  image = $state.raw(new OpenImage(null))
  /** Whether changes are being sent to the store. */
  saving = $state(false)
  /** The class that the first box made, until the user has named it. */
  unnamedClass = $state<number | null>(null)
  /** The gesture on the canvas; null while no canvas is shown. */
  gesture: Gesture | null = null
  #penClass = $state<number | null>(null)
  #nextTemporaryId = -1
  /** Whether the image changed elsewhere while changes were being sent. */
  #outdated = false

  constructor(context: Context) {
    this.#context = context
    this.clipboard = new Clipboard(context, this)
    this.#outbox = new Outbox(
      async (error, dropped) => {
        context.messages.showError(error)
        if (dropped.length > 0) {
          context.messages.show(`Later changes were not saved either: ${dropped.join(', ')}`)
        }
        await this.#read()
      },
      (busy) => {
        this.saving = busy
        if (!busy && this.#outdated) void this.#read()
      },
    )
  }

  /** The class that a new box gets. */
  get penClass(): number | null {
    const { classes, classById } = this.#context
    if (this.#penClass !== null && classById.has(this.#penClass)) return this.#penClass
    return classes[0]?.id ?? null
  }

  set penClass(id: number | null) {
    this.#penClass = id
  }

  async load(image: number | null): Promise<void> {
    this.#keyMoves.end()
    const opened = new OpenImage(image)
    this.image = opened
    await this.#outbox.settled()
    if (this.image === opened) await this.#read()
  }

  /** Resolves when all changes so far are saved. */
  settled(): Promise<void> {
    this.#keyMoves.end()
    return this.#outbox.settled()
  }

  /**
   * Draws a box or an outline of the pen's class. A project without classes gets its first one. The box is not selected, so that the next
   * class key applies to the next box.
   */
  async draw(shape: Shape): Promise<void> {
    const { image } = this
    if (!this.#mayEdit()) return
    const classId = this.penClass ?? (await this.#firstClass())
    if (classId === undefined || this.image !== image) return
    const label = shape.segmentation ? 'Draw outline' : 'Draw box'
    const [drawn] = this.#add([{ classId, ...shape, source: 'drawn' }], label)
    image.select([])
    image.drawn = drawn ?? null
  }

  /** Adds objects and selects them. */
  add(added: readonly NewAnnotation[], label: string): void {
    const ids = this.#add(added, label)
    if (ids.length > 0) this.image.select(ids)
  }

  move(shapes: ReadonlyMap<number, Shape>, label = 'Move box'): void {
    this.#patch([...shapes.keys()], reshaped(shapes), label)
  }

  /** Moves by keys. Consecutive key presses are one undo step. */
  nudge(shapes: ReadonlyMap<number, Shape>): void {
    const ids = [...shapes.keys()]
    if (this.image.guessesAmong(ids).length > 0) {
      this.move(shapes)
      return
    }
    if (!this.#keyMoves.areOf(ids) && !this.#mayEdit()) return
    this.#keyMoves.add(this.#change(ids, reshaped(shapes)))
    this.saving = true
  }

  /** The class that is named like this, made if there is none; undefined if there can be none, which is shown. */
  async classNamed(name: string): Promise<number | undefined> {
    const known = this.#context.classes.find((entry) => entry.name === name)
    if (known) return known.id
    return (await this.#context.attempt(this.#context.client.call('classes.add', { name })))?.id
  }

  /**
   * Sets the class of the selected objects or, without a selection, of the boxes drawn next. Reports the change.
   * @param name of a class that was just made and is not listed yet
   */
  classify(classId: number, name?: string): void {
    const { classById, messages } = this.#context
    const nameOf = (id: number): string =>
      classById.get(id)?.name ?? (id === classId ? name : undefined) ?? '?'
    const { selected } = this.image
    if (selected.length === 0) {
      this.penClass = classId
      messages.say(`New boxes: ${nameOf(classId)}`)
      return
    }
    const before = new Set(selected.map((one) => one.classId))
    const boxes = countOf(selected.length, 'box')
    if (before.size === 1 && before.has(classId)) {
      messages.say(`Class of ${boxes}: already ${nameOf(classId)}`)
      return
    }
    const from = [...before].map(nameOf).join(', ')
    if (this.update([...this.image.selection], { classId }, 'Change class'))
      messages.say(`Class of ${boxes}: ${from} → ${nameOf(classId)}`)
  }

  /** False if editing is not allowed. */
  update(ids: readonly number[], patch: AnnotationPatch, label: string): boolean {
    return this.#patch(ids, () => patch, label)
  }

  /** Deletes objects. Guesses are rejected instead, or the model would show them again. */
  remove(ids: readonly number[]): void {
    const { image } = this
    this.reject(image.guessesAmong(ids).map(({ id }) => id))
    const gone = new Set(image.storedAmong(ids))
    if (gone.size === 0 || !this.#mayEdit()) return
    image.annotations = image.annotations.filter(({ id }) => !gone.has(id))
    image.select(gone, 'remove')
    this.#outbox.send('Delete boxes', async (real, sent) => {
      await this.#context.client.call('annotations.remove', { ids: [...gone].map(real) }, sent)
    })
  }

  /**
   * Changes, removes and adds stored objects in one undo step, as joining and splitting do. What was changed and added is selected
   * afterwards.
   */
  rearrange(
    changed: ReadonlyMap<number, Shape>,
    removed: readonly number[],
    added: readonly NewAnnotation[],
    label: string,
  ): void {
    const { image } = this
    const imageId = image.loaded
    if (imageId === null || !this.#mayEdit()) return
    const changes = this.#change([...changed.keys()], reshaped(changed))
    const gone = new Set(removed)
    const made = added.map((annotation) => withDefaults(annotation, imageId, this.#nextTemporaryId--))
    image.annotations = [...image.annotations.filter(({ id }) => !gone.has(id)), ...made]
    image.select([...changed.keys(), ...made.map(({ id }) => id)])
    this.#outbox.send(label, async (real, sent) => {
      const params = {
        ...{ image: imageId, added, label },
        changes: changes.map(({ id, patch }) => ({ id: real(id), patch })),
        removed: removed.map(real),
      }
      const { ids } = await this.#context.client.call('annotations.rearrange', params, sent)
      this.#outbox.learn(new Map(made.map(({ id }, i) => [id, ids[i]!])))
    })
  }

  /** Proposals and guesses become labels. */
  accept(ids: readonly number[]): void {
    const { image } = this
    const proposed = new Set(image.proposalsAmong(ids).map(({ id }) => id))
    const guessed = image.guessesAmong(ids)
    if (image.loaded === null || proposed.size + guessed.length === 0 || !this.#mayEdit()) return
    const added = guessed.map((guess) => ({
      ...guess,
      ...{ id: this.#nextTemporaryId--, source: 'accepted' as const },
    }))
    const accepted = image.annotations.map((one) =>
      proposed.has(one.id) ? { ...one, source: 'accepted' as const } : one,
    )
    image.annotations = [...accepted, ...added]
    const idOf = new Map(guessed.map(({ id }, i) => [id, added[i]!.id]))
    image.select([...image.selection].map((id) => idOf.get(id) ?? id))
    const guesses = { image: image.loaded, annotations: added.map(asNew) }
    this.#outbox.send('Accept proposals', async (real, sent) => {
      const params = { ids: [...proposed].map(real), ...(added.length > 0 && { guesses }) }
      const stored = await this.#context.client.call('annotations.accept', params, sent)
      this.#outbox.learn(new Map(added.map(({ id }, i) => [id, stored.ids[i]!])))
    })
  }

  reject(ids: readonly number[]): void {
    const { image } = this
    const proposed = image.proposalsAmong(ids)
    const guessed = image.guessesAmong(ids)
    const gone = new Set([...proposed, ...guessed].map(({ id }) => id))
    if (image.loaded === null || gone.size === 0 || !this.#mayEdit()) return
    image.annotations = image.annotations.filter(({ id }) => !gone.has(id))
    image.rejections = [...image.rejections, ...proposed, ...guessed]
    image.select(gone, 'remove')
    const guesses = { image: image.loaded, annotations: guessed.map(asNew) }
    this.#outbox.send('Reject proposals', async (real, sent) => {
      const params = {
        ids: proposed.map(({ id }) => real(id)),
        ...(guessed.length > 0 && { guesses }),
      }
      await this.#context.client.call('annotations.reject', params, sent)
    })
  }

  /** Handles a step of the history, possibly made in another window. */
  stepped({ images, by }: EventData<'step'>): void {
    const image = this.image.loaded
    if (image === null || (images !== 'many' && !images.includes(image))) return
    // This window already shows its own steps.
    if (this.#outbox.isOwn(by)) return
    void this.#read()
  }

  /** Adds objects and returns their temporary ids; none if editing is not allowed. */
  #add(added: readonly NewAnnotation[], label: string): number[] {
    const { image } = this
    const imageId = image.loaded
    if (imageId === null || added.length === 0 || !this.#mayEdit()) return []
    const complete = added.map((annotation) => withDefaults(annotation, imageId, this.#nextTemporaryId--))
    image.annotations = [...image.annotations, ...complete]
    const temporary = complete.map(({ id }) => id)
    this.#outbox.send(label, async (_, sent) => {
      const params = { image: imageId, annotations: added, label }
      const { ids } = await this.#context.client.call('annotations.add', params, sent)
      this.#outbox.learn(new Map(temporary.map((id, i) => [id, ids[i]!])))
    })
    return temporary
  }

  #patch(
    ids: readonly number[],
    patchOf: (one: ProjectAnnotation) => AnnotationPatch,
    label: string,
  ): boolean {
    if (ids.length === 0 || !this.#mayEdit()) return false
    const edited = this.image.guessesAmong(ids).map((guess): NewAnnotation => {
      return { ...asNew(patched(guess, patchOf(guess))), source: 'accepted' }
    })
    const stored = this.image.storedAmong(ids)
    this.add(edited, label)
    if (stored.length > 0) this.#sendChanges(this.#change(stored, patchOf), label)
    return true
  }

  /** Shows a change. Editing a proposal or a guess accepts it as a label. */
  #change(ids: readonly number[], patchOf: (one: ProjectAnnotation) => AnnotationPatch): Change[] {
    const { image } = this
    const changed = new Set(ids)
    const changes = image.annotations
      .filter(({ id }) => changed.has(id))
      .map((one): Change => {
        const accepted = one.source === 'proposed' ? ({ source: 'accepted' } as const) : {}
        return { id: one.id, patch: { ...patchOf(one), ...accepted } }
      })
    const patches = new Map(changes.map(({ id, patch }) => [id, patch]))
    image.annotations = image.annotations.map((one) => {
      const patch = patches.get(one.id)
      return patch ? patched(one, patch) : one
    })
    return changes
  }

  #sendChanges(changes: readonly Change[], label: string): void {
    this.#outbox.send(label, async (real, sent) => {
      const params = { changes: changes.map(({ id, patch }) => ({ id: real(id), patch })), label }
      await this.#context.client.call('annotations.update', params, sent)
    })
  }

  async #firstClass(): Promise<number | undefined> {
    const added = await this.#context.attempt(this.#context.client.call('classes.add', { name: 'object' }))
    if (added) this.unnamedClass = added.id
    return added?.id
  }

  /** Whether editing is allowed; if not, shows why. Also ends a move by keys, since another action follows. */
  #mayEdit(): boolean {
    this.#keyMoves.end()
    const { project, canEdit, messages } = this.#context
    if (!canEdit && project?.readOnly) messages.showError(fromWire(project.readOnly))
    return canEdit
  }

  async #read(): Promise<void> {
    const { image } = this
    if (image.id === null) return
    const { client } = this.#context
    const both = Promise.all([
      client.call('annotations.of', { image: image.id }),
      client.call('annotations.rejected', { image: image.id }),
    ])
    const found = await this.#context.attempt(both)
    if (!found || this.image !== image) return
    // Objects drawn here in the meantime are not among them yet.
    this.#outdated = this.#outbox.isBusy || this.#keyMoves.isPending
    if (!this.#outdated) image.show(...found, (id) => this.#outbox.real(id))
  }
}
