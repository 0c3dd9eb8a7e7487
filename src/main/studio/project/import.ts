/**
 * Takes a data set into a project, as one step of the history. What the project has already is not added twice, so
 * importing a file again adds only what is new in it.
 *
 * Images that the data set names are done, those without boxes too: it says all that is in them. Images that the
 * project did not know are added; undoing takes back what the data set says about them, and leaves them as new.
 */
import { setImmediate } from 'node:timers/promises'
import type { Annotation, Problem } from '../../../core/formats/dataset.ts'
import type { Segmentation } from '../../../core/geometry/segmentation.ts'
import type { AnnotationPatch, NewAnnotation, ProjectAnnotation } from '../../../core/project/model.ts'
import { naturalKey } from '../../../core/project/natural-order.ts'
import type { Loaded } from '../datasets/index.ts'
import type { Gesture } from './history.ts'
import { type MatchedClass, type MatchedImage, matchClasses, matchImages, problem } from './import-match.ts'
import { nameKey } from './name-key.ts'
import type { Project } from './project.ts'

export interface ImportReport {
  /** Images of the data set that are images of the project now. */
  readonly images: number
  /** Of those, the ones that it did not know. */
  readonly newImages: number
  readonly boxes: number
  /** Boxes that were there already: the same class, coordinates and outline in the same image. */
  readonly knownBoxes: number
  readonly newClasses: readonly string[]
  readonly problems: readonly Problem[]
}

export interface ImportOptions {
  /** Count, but change nothing. */
  readonly dryRun?: boolean
  readonly signal?: AbortSignal
  readonly onProgress?: (done: number, images: number) => void
}

/** Images per transaction: short enough that the window stays alive in between. */
const CHUNK = 500

/**
 * Throws DATA_IMAGES_MISSING if no image of the data set is one of the project's, USAGE_PROJECT_BUSY while another
 * import goes on, and the signal's reason when it is aborted: everything is then as before.
 */
export async function importDataset(
  project: Project,
  loaded: Loaded,
  { dryRun = false, signal, onProgress }: ImportOptions = {},
): Promise<ImportReport> {
  if (project.readOnly && !dryRun) throw project.readOnly
  const problems = [...loaded.problems]
  const images = matchImages(project, loaded, problems)
  const classes = matchClasses(project, loaded, problems)
  const gesture = dryRun ? undefined : project.history.begin('Import labels', { exclusive: true })
  const work = new Import(project, gesture)
  try {
    work.addClasses(classes)
    for (let start = 0; start < images.length; start += CHUNK) {
      signal?.throwIfAborted()
      work.addImages(images.slice(start, start + CHUNK))
      onProgress?.(Math.min(start + CHUNK, images.length), images.length)
      await setImmediate()
    }
    signal?.throwIfAborted()
    gesture?.commit()
  } catch (error) {
    gesture?.cancel()
    work.forgetImages()
    throw error
  }
  if (work.outlined > 0) {
    const what = work.outlined === 1 ? 'box that was' : 'boxes that were'
    problems.push(
      problem('', 'repaired', `${work.outlined} ${what} there without an outline: taken from the data set`),
    )
  }
  return {
    images: images.length,
    newImages: images.filter(({ id }) => id === undefined).length,
    ...work.counts,
    newClasses: classes.filter(({ id }) => id === undefined).map(({ category }) => category.name),
    problems,
  }
}

class Import {
  readonly counts = { boxes: 0, knownBoxes: 0 }
  /** Number of known boxes without an outline that get the outline of the data set. */
  outlined = 0
  readonly #project: Project
  /** Undefined for a dry run. */
  readonly #gesture: Gesture | undefined
  /** Ids of the project's classes by those of the data set's. */
  readonly #classIds = new Map<number, number>()
  /** Ids of the images that were added, by path: a file may name one image twice. */
  readonly #added = new Map<string, number>()

  constructor(project: Project, gesture: Gesture | undefined) {
    this.#project = project
    this.#gesture = gesture
  }

  addClasses(classes: readonly MatchedClass[]): void {
    for (const { category, id } of classes) if (id !== undefined) this.#classIds.set(category.id, id)
    this.#gesture?.extend(() => {
      const { classes: own } = this.#project
      const present = own.all().map(({ id }) => id)
      const fresh = classes.filter(({ id }) => id === undefined)
      // Classes that keep their id are added first, because otherwise a class without one could be given that id.
      for (const { category, wanted } of fresh.toSorted(
        (a, b) => Number(a.wanted === undefined) - Number(b.wanted === undefined),
      )) {
        this.#classIds.set(category.id, own.add(category.name, wanted === undefined ? {} : { id: wanted }))
      }
      if (fresh.length > 1) {
        own.reorder([...present, ...fresh.map(({ category }) => this.#classIds.get(category.id)!)])
      }
    })
  }

  addImages(images: readonly MatchedImage[]): void {
    if (this.#gesture === undefined) {
      for (const { image, id } of images) this.#newIn(id, image.annotations)
      return
    }
    this.#gesture.extend(() => {
      for (const image of images) this.#addImage(image)
    })
  }

  /** After a cancelled import, no label refers to the images that it added. */
  forgetImages(): void {
    this.#project.database.transaction(() => {
      for (const id of this.#added.values()) this.#project.database.run('DELETE FROM image WHERE id = ?', id)
    })
  }

  #addImage(matched: MatchedImage): void {
    const { annotations, database } = this.#project
    const id = matched.id ?? this.#added.get(matched.path) ?? this.#insertImage(matched)
    const { added, outlined } = this.#newIn(matched.id, matched.image.annotations)
    annotations.add(id, added)
    for (const [known, outline] of outlined) annotations.update(known, outline)
    database.run(
      `UPDATE image SET state = iif(state = 'new', 'done', state), split = coalesce(?, split) WHERE id = ?`,
      matched.split ?? null,
      id,
    )
  }

  /** Keeps the id of the data set if it is free. */
  #insertImage({ image, path }: MatchedImage): number {
    const { database, images } = this.#project
    const { lastId } = database.run(
      'INSERT INTO image (id, path, name_key, sort_key, width, height) VALUES (?, ?, ?, ?, ?, ?)',
      image.id > 0 && images.isFree(image.id) ? image.id : null,
      path,
      nameKey(path),
      naturalKey(path),
      image.width,
      image.height,
    )
    this.#added.set(path, lastId)
    return lastId
  }

  /** What is added to an image: new objects, and outlines for existing boxes without one. */
  #newIn(imageId: number | undefined, annotations: readonly Annotation[]): NewInImage {
    const present = imageId === undefined ? [] : this.#project.annotations.of(imageId)
    const known = Map.groupBy(
      present.filter(({ source }) => source !== 'proposed'),
      ({ classId, box }) => `${classId} ${box}`,
    )
    const outlined: [id: number, outline: AnnotationPatch][] = []
    const added = annotations.flatMap(({ categoryId, ...labelled }): NewAnnotation[] => {
      const classId = this.#classIds.get(categoryId)
      const { box, segmentation, area } = labelled
      // Each object of the project matches one object of the data set, so the second of two equal ones is new.
      const same = take(known.get(`${classId} ${box}`) ?? [], segmentation)
      if (!same) return [{ ...labelled, classId: classId!, source: 'imported' }]
      if (segmentation && !same.segmentation) {
        outlined.push([same.id, { box, segmentation, area: area ?? same.area }])
      }
      return []
    })
    this.counts.boxes += annotations.length
    this.counts.knownBoxes += annotations.length - added.length
    this.outlined += outlined.length
    return { added, outlined }
  }
}

interface NewInImage {
  readonly added: readonly NewAnnotation[]
  readonly outlined: readonly (readonly [id: number, outline: AnnotationPatch])[]
}

/**
 * Removes and returns the object that matches an outline among those with the same class and box: the one with the
 * same outline, or else one without. An object with another outline does not match; a box without an outline matches
 * any of them.
 */
function take(
  alike: ProjectAnnotation[],
  segmentation: Segmentation | undefined,
): ProjectAnnotation | undefined {
  const text = JSON.stringify(segmentation)
  let at = alike.findIndex((one) => segmentation && JSON.stringify(one.segmentation) === text)
  if (at < 0) at = alike.findIndex((one) => one.segmentation === null)
  if (at < 0 && !segmentation) at = alike.length - 1
  return alike.splice(at, at < 0 ? 0 : 1)[0]
}
