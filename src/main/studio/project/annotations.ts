/**
 * The objects of images. Every method is one step of the history, or part of the step around it; lists of ids that
 * name nothing are passed over.
 */
import { CodedError } from '../../../core/errors.ts'
import type {
  AnnotationPatch,
  NewAnnotation,
  ProjectAnnotation,
  Source,
} from '../../../core/project/model.ts'
import { patched } from '../../../core/project/patch.ts'
import { type ClassBox, undecided } from '../../../core/review/undecided.ts'
import type { Database, Value } from './database.ts'
import type { History } from './history.ts'

interface Row {
  readonly id: number
  readonly image_id: number
  readonly class_id: number
  readonly x1: number
  readonly y1: number
  readonly x2: number
  readonly y2: number
  readonly difficult: number
  readonly crowd: number
  readonly source: Source
  readonly model: string | null
  readonly score: number | null
  readonly area: number | null
  readonly segmentation: string | null
  readonly attributes: string | null
}

const COLUMNS =
  'class_id, x1, y1, x2, y2, difficult, crowd, source, model, score, area, segmentation, attributes'

const INSERT = `INSERT INTO annotation (image_id, ${COLUMNS}) VALUES (?, ${COLUMNS.replace(/\w+/g, '?')})`

/** One detection of a model in an image. */
export interface Guess extends ClassBox, Pick<NewAnnotation, 'segmentation' | 'area'> {
  readonly score: number
}

/** Of one image. */
export interface ImageGuesses {
  readonly image: number
  readonly annotations: readonly NewAnnotation[]
}

export class Annotations {
  readonly #database: Database
  readonly #history: History

  constructor(database: Database, history: History) {
    this.#database = database
    this.#history = history
  }

  /** Those of one image, in the order in which they were made. */
  of(imageId: number): ProjectAnnotation[] {
    return this.#database
      .all<Row>('SELECT * FROM annotation WHERE image_id = ? ORDER BY id', imageId)
      .map(fromRow)
  }

  /** Those of several images, in one query: [images][annotations]. */
  ofImages(imageIds: readonly number[]): ProjectAnnotation[][] {
    const rows = this.#database.all<Row>(
      `SELECT annotation.* FROM json_each(?) AS wanted JOIN annotation ON image_id = wanted.value
       ORDER BY image_id, annotation.id`,
      JSON.stringify([...new Set(imageIds)]),
    )
    const byImage = Map.groupBy(rows, (row) => row.image_id)
    return imageIds.map((id) => (byImage.get(id) ?? []).map(fromRow))
  }

  get(id: number): ProjectAnnotation | undefined {
    const row = this.#database.get<Row>('SELECT * FROM annotation WHERE id = ?', id)
    return row && fromRow(row)
  }

  /**
   * Adds annotations to an image and returns their ids. A new image is in progress once somebody has drawn or accepted
   * something in it. Throws USAGE_BOX, USAGE_CLASS, USAGE_IMAGE.
   */
  add(imageId: number, annotations: readonly NewAnnotation[], label = 'Add boxes'): number[] {
    return this.#history.change(label, () => {
      if (!this.#database.get('SELECT 1 FROM image WHERE id = ?', imageId)) {
        throw new CodedError('USAGE_IMAGE', `There is no image ${imageId}`)
      }
      this.#checkClasses(annotations)
      const ids = annotations.map((annotation) => this.#insert(imageId, annotation))
      if (annotations.some(({ source }) => isByHand(source))) this.#begun(imageId)
      return ids
    })
  }

  /** An outline follows its box (`patched`). Throws USAGE_ANNOTATION if there is none with the id, and the errors of `add`. */
  update(id: number, patch: AnnotationPatch, label = 'Change box'): void {
    this.#history.change(label, () => {
      const present = this.get(id)
      if (present === undefined) throw new CodedError('USAGE_ANNOTATION', `There is no annotation ${id}`)
      const next = patched(present, patch)
      this.#checkClasses([next])
      const assignments = COLUMNS.split(', ').map((column) => `${column} = ?`)
      this.#database.run(
        `UPDATE annotation SET ${assignments.join(', ')} WHERE id = ?`,
        ...valuesOf(next),
        id,
      )
      if (isByHand(next.source)) this.#begun(present.imageId)
    })
  }

  remove(ids: readonly number[], label = 'Delete boxes'): void {
    this.#history.change(label, () => {
      this.#database.run(
        'DELETE FROM annotation WHERE id IN (SELECT value FROM json_each(?))',
        JSON.stringify(ids),
      )
    })
  }

  /**
   * Turns proposals into labels, which keep their model and score. Annotations that are not proposals are skipped.
   * `guesses` are detections that were never stored: they are added as accepted labels, and their ids are returned.
   */
  accept(ids: readonly number[], guesses?: ImageGuesses): number[] {
    return this.#history.change('Accept proposals', () => {
      const list = JSON.stringify(ids)
      const proposed = `id IN (SELECT value FROM json_each(?)) AND source = 'proposed'`
      this.#database.run(
        `UPDATE image SET state = 'in-progress'
         WHERE state = 'new' AND id IN (SELECT image_id FROM annotation WHERE ${proposed})`,
        list,
      )
      this.#database.run(`UPDATE annotation SET source = 'accepted' WHERE ${proposed}`, list)
      if (!guesses) return []
      return this.add(
        guesses.image,
        guesses.annotations.map((guess) => ({ ...guess, source: 'accepted' })),
      )
    })
  }

  /**
   * Deletes proposals and remembers where they were, so that no model makes them again; so too of `guesses` that were
   * never stored. Annotations that are no proposals are passed over.
   */
  reject(ids: readonly number[], guesses?: ImageGuesses): void {
    this.#history.change('Reject proposals', () => {
      const list = JSON.stringify(ids)
      const proposed = `id IN (SELECT value FROM json_each(?)) AND source = 'proposed'`
      this.#database.run(
        `INSERT INTO rejection (image_id, class_id, x1, y1, x2, y2)
         SELECT image_id, class_id, x1, y1, x2, y2 FROM annotation WHERE ${proposed}`,
        list,
      )
      this.#database.run(`DELETE FROM annotation WHERE ${proposed}`, list)
      for (const { classId, box } of guesses?.annotations ?? []) {
        this.#database.run(
          'INSERT INTO rejection (image_id, class_id, x1, y1, x2, y2) VALUES (?, ?, ?, ?, ?, ?)',
          guesses!.image,
          classId,
          ...box,
        )
      }
    })
  }

  /** Boxes in which somebody has said that there is no object of a class. */
  rejections(imageId: number): ClassBox[] {
    return this.#database
      .all<Row>('SELECT class_id, x1, y1, x2, y2 FROM rejection WHERE image_id = ? ORDER BY id', imageId)
      .map(({ class_id, x1, y1, x2, y2 }) => ({ classId: class_id, box: [x1, y1, x2, y2] }))
  }

  /**
   * Replaces a model's earlier guesses about an image. Guesses that a person has already decided are left out
   * (core/review/undecided.ts).
   */
  propose(imageId: number, model: string, guesses: readonly Guess[]): number[] {
    return this.#history.change('Propose boxes', () => {
      this.#database.run(
        `DELETE FROM annotation WHERE image_id = ? AND source = 'proposed' AND model = ?`,
        imageId,
        model,
      )
      const open = undecided(guesses, this.of(imageId), this.rejections(imageId))
      return this.add(
        imageId,
        open.map((guess) => ({ ...guess, source: 'proposed', model })),
      )
    })
  }

  #insert(imageId: number, annotation: NewAnnotation): number {
    return this.#database.run(INSERT, imageId, ...valuesOf(annotation)).lastId
  }

  #checkClasses(annotations: readonly NewAnnotation[]): void {
    for (const id of new Set(annotations.map(({ classId }) => classId))) {
      if (!this.#database.get('SELECT 1 FROM class WHERE id = ?', id)) {
        throw new CodedError('USAGE_CLASS', `There is no class ${id}`)
      }
    }
  }

  #begun(imageId: number): void {
    this.#database.run(`UPDATE image SET state = 'in-progress' WHERE id = ? AND state = 'new'`, imageId)
  }
}

function valuesOf(annotation: NewAnnotation): Value[] {
  const { classId, box, source, model, score, area, segmentation, attributes } = annotation
  if (!box.every(Number.isFinite) || box[0] >= box[2] || box[1] >= box[3]) {
    throw new CodedError('USAGE_BOX', `[${box.join(', ')}] is not a box: it needs a width and a height`)
  }
  return [
    classId,
    ...box,
    annotation.difficult ? 1 : 0,
    annotation.crowd ? 1 : 0,
    source,
    model ?? null,
    score ?? null,
    area ?? null,
    segmentation ? JSON.stringify(segmentation) : null,
    attributes ? JSON.stringify(attributes) : null,
  ]
}

const isByHand = (source: Source): boolean => source === 'drawn' || source === 'accepted'

function fromRow(row: Row): ProjectAnnotation {
  const { id, x1, y1, x2, y2, source, model, score, area } = row
  return {
    id,
    imageId: row.image_id,
    classId: row.class_id,
    box: [x1, y1, x2, y2],
    source,
    difficult: row.difficult === 1,
    crowd: row.crowd === 1,
    model,
    score,
    area,
    segmentation: row.segmentation === null ? null : JSON.parse(row.segmentation),
    attributes: row.attributes === null ? null : JSON.parse(row.attributes),
  }
}
