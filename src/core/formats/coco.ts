/** COCO detection JSON (cocodataset.org/#format-data): bbox is [x, y, width, height] in continuous pixels. */
import { z } from 'zod'
import { CodedError } from '../errors.ts'
import { type BoxXyxy, toXyxy } from '../geometry/box.ts'
import { polygonBounds } from '../geometry/polygon.ts'
import { isPolygons, type Segmentation } from '../geometry/segmentation.ts'
import {
  checkAttributes,
  checkBox,
  checkFlag,
  checkScore,
  cleanName,
  imageNameIn,
  isSide,
  numberIn,
  saysSomething,
} from './checks.ts'
import type { Annotation, DatasetImage, LabelledBox, ParsedDataset } from './dataset.ts'
import { mergeCategories } from './named.ts'
import { firstIssue, Leftovers, ProblemLog } from './problems.ts'
import { readSegmentation } from './segmentation.ts'

const CocoFile = z.looseObject({
  images: z.array(z.unknown()),
  annotations: z.array(z.unknown()).default([]),
  categories: z.array(z.unknown()),
})
// Tools write ids as text too, and numbers as text; ids that are no whole numbers get new ones.
const Key = z.union([z.int(), z.string().trim().min(1)])
const CocoCategory = z.looseObject({ id: Key, name: z.union([z.string(), z.number()]).transform(String) })
const CocoImage = z.looseObject({
  id: Key,
  file_name: z.string(),
  width: z.unknown().optional(),
  height: z.unknown().optional(),
})
// Each field is checked by itself, so that an invalid one does not cost the object.
const CocoAnnotation = z.looseObject({ image_id: Key, category_id: Key })

/** Fields that are read, or that contain nothing of use for labels. */
const KNOWN: Readonly<Record<CocoList, ReadonlySet<string>>> = {
  images: new Set(['id', 'file_name', 'width', 'height']),
  annotations: new Set(
    'id image_id category_id bbox segmentation area iscrowd difficult score attributes'.split(' '),
  ),
  categories: new Set(['id', 'name']),
}

/** Whether a JSON document is meant to be a COCO data set, even if parts of it are wrong. */
export const isCoco = (json: unknown): boolean => CocoFile.safeParse(json).success

/** The lists of a COCO file that are read. */
export const COCO_LISTS = ['images', 'annotations', 'categories'] as const
type CocoList = (typeof COCO_LISTS)[number]

/**
 * Reads a COCO data set. Category and image ids are kept. Images and annotations that cannot be used are
 * skipped and reported; sizes that are missing become 0 × 0. `file` names the source in problems.
 * Throws DATA_COCO if the document as a whole is something else.
 */
export function parseCoco(json: unknown, file: string): ParsedDataset {
  const reader = new CocoReader(file)
  for (const list of COCO_LISTS) {
    const entries = (json as Partial<Record<CocoList, unknown>> | null)?.[list]
    if (Array.isArray(entries)) for (const entry of entries) reader.add(list, entry)
  }
  return reader.finish(json)
}

/** An annotation whose image and category may come later in the file. */
interface Waiting {
  readonly id: unknown
  readonly image: string
  readonly category: string
  readonly labelled: LabelledBox
  readonly where: string
}

type OpenImage = Omit<DatasetImage, 'id'> & { readonly annotations: Annotation[] }

/** Takes the entries of the lists one by one, in any order, and keeps only what is read from them. */
export class CocoReader {
  readonly #file: string
  /** By id as text. */
  readonly #images = new Map<string, OpenImage>()
  readonly #names = new Map<string, string>()
  readonly #waiting: Waiting[] = []
  /** Objects that could not be read, by their image's id. */
  readonly #unreadable = new Map<string, number>()
  readonly #leftovers = new Leftovers()
  readonly #counts: Record<CocoList, number> = { images: 0, annotations: 0, categories: 0 }
  readonly #logs: Readonly<Record<CocoList, ProblemLog>>

  constructor(file: string) {
    this.#file = file
    this.#logs = {
      categories: new ProblemLog(file),
      images: new ProblemLog(file),
      annotations: new ProblemLog(file),
    }
  }

  add(list: CocoList, entry: unknown): void {
    const where = `${list}[${this.#counts[list]++}]`
    const log = this.#logs[list]
    if (list === 'images') this.#addImage(entry, where, log)
    else if (list === 'categories') this.#addCategory(entry, where, log)
    else this.#addAnnotation(entry, where, log)
  }

  /** `json` is the document, of which the lists may be empty by now. Throws DATA_COCO. */
  finish(json: unknown): ParsedDataset {
    const document = CocoFile.safeParse(json)
    if (!document.success) {
      throw new CodedError(
        'DATA_COCO',
        `${this.#file} is not a COCO data set: ${otherKind(json) ?? firstIssue(document.error)}`,
        'It needs the lists "images", "annotations" and "categories"',
      )
    }
    const categoryIds = wholeIds(this.#names.keys(), 'categories', this.#logs.categories)
    const numbered = [...this.#names].map(([key, name]) => ({ id: categoryIds.get(key)!, name }))
    const { categories, idOf } = mergeCategories(numbered, this.#logs.categories)
    this.#placeAnnotations((key) => idOf(categoryIds.get(key)!))
    const imageIds = wholeIds(this.#images.keys(), 'images', this.#logs.images)
    const logs = this.#logs
    return {
      dataset: {
        categories,
        images: [...this.#images].map(([key, image]) => {
          const unreadable = image.annotations.length === 0 ? this.#unreadable.get(key) : undefined
          return { id: imageIds.get(key)!, ...image, ...(unreadable && { unreadable }) }
        }),
      },
      problems: [...logs.categories.problems, ...logs.images.problems, ...logs.annotations.problems],
      notKept: this.#leftovers.lines(),
    }
  }

  #addCategory(entry: unknown, where: string, log: ProblemLog): void {
    const raw = fitting(entry, CocoCategory, where, log)
    if (raw === undefined) return
    const key = keyOf(raw.id)
    if (this.#names.has(key)) {
      log.skip(`${where}.id`, `category ${raw.id} was already given`)
      return
    }
    const name = cleanName(raw.name, `${where}.name`, log)
    if (name === undefined) return
    this.#names.set(key, name)
    this.#noteRest('categories', raw)
  }

  #addImage(entry: unknown, where: string, log: ProblemLog): void {
    const raw = fitting(entry, CocoImage, where, log)
    if (raw === undefined) return
    const { file_name } = raw
    const key = keyOf(raw.id)
    const [width, height] = [numberIn(raw.width), numberIn(raw.height)]
    const fileName = imageNameIn(file_name)
    if (this.#images.has(key)) {
      log.skip(`${where}.id`, `image ${raw.id} was already given`)
      return
    }
    if (fileName === undefined) {
      log.skip(`${where}.file_name`, `${JSON.stringify(file_name)} is not a path inside the image folder`)
      return
    }
    const known = isSide(width) && isSide(height)
    if (!known && (raw.width != null || raw.height != null)) {
      log.repair(
        where,
        `the size ${String(raw.width)} × ${String(raw.height)} is not one of an image: taken as unknown`,
      )
    }
    this.#images.set(key, {
      fileName,
      ...(known ? { width, height } : { width: 0, height: 0 }),
      annotations: [],
    })
    this.#noteRest('images', raw)
  }

  #addAnnotation(entry: unknown, where: string, log: ProblemLog): void {
    const raw = fitting(entry, CocoAnnotation, where, log)
    if (raw === undefined) return
    const [image, category] = [keyOf(raw.image_id), keyOf(raw.category_id)]
    const labelled = readLabelledBox(raw, where, log)
    if (labelled === undefined) this.#drop(image)
    else {
      this.#waiting.push({ id: raw.id, image, category, labelled, where })
      this.#noteRest('annotations', raw)
    }
  }

  #drop(image: string): void {
    this.#unreadable.set(image, (this.#unreadable.get(image) ?? 0) + 1)
  }

  #noteRest(list: CocoList, raw: Readonly<Record<string, unknown>>): void {
    const owner = ({ images: 'image', annotations: 'object', categories: 'class' } as const)[list]
    for (const [key, value] of Object.entries(raw)) {
      if (!KNOWN[list].has(key) && saysSomething(value)) this.#leftovers.add(key, owner)
    }
  }

  #placeAnnotations(categoryIdOf: (key: string) => number): void {
    const log = this.#logs.annotations
    const ids = new Set<unknown>()
    for (const { id, image: key, category, labelled, where } of this.#waiting) {
      const image = this.#images.get(key)
      if (image === undefined) {
        log.skip(`${where}.image_id`, `there is no image ${key}`)
      } else if (!this.#names.has(category)) {
        log.skip(`${where}.category_id`, `there is no category ${category}`)
        this.#drop(key)
      } else {
        if (id !== undefined && ids.has(id)) {
          log.repair(`${where}.id`, `id ${String(id)} is not unique: both objects kept`)
        }
        ids.add(id)
        image.annotations.push({ categoryId: categoryIdOf(category), ...labelled })
      }
    }
  }
}

const keyOf = (id: number | string): string =>
  typeof id === 'string' && /^\d{1,15}$/.test(id) ? String(Number(id)) : String(id)

/** Ids as numbers: whole numbers stay, and all others get the next free number. */
function wholeIds(keys: Iterable<string>, list: CocoList, log: ProblemLog): Map<string, number> {
  const all = [...keys]
  const whole = all.filter((key) => /^-?\d{1,15}$/.test(key))
  const ids = new Map(whole.map((key) => [key, Number(key)]))
  let next = 0
  for (const id of ids.values()) next = Math.max(next, id)
  for (const key of all) if (!ids.has(key)) ids.set(key, ++next)
  const renumbered = all.length - whole.length
  if (renumbered > 0) log.repair(`${list}.id`, `${renumbered} ids that are not whole numbers get new ones`)
  return ids
}

/** Describes a JSON document that is not a COCO data set. */
function otherKind(json: unknown): string | undefined {
  if (!Array.isArray(json)) return undefined
  const first = json[0] as Record<string, unknown> | undefined
  return first && typeof first === 'object' && 'bbox' in first && 'score' in first
    ? 'it is a list of COCO results, which has no images and classes'
    : 'it is a list'
}

/** The entry, if it fits the schema. Otherwise it is reported. */
function fitting<T>(entry: unknown, schema: z.ZodType<T>, where: string, log: ProblemLog): T | undefined {
  const parsed = schema.safeParse(entry)
  if (parsed.success) return parsed.data
  log.skip(where, firstIssue(parsed.error))
  return undefined
}

function readLabelledBox(
  raw: Readonly<Record<string, unknown>>,
  where: string,
  log: ProblemLog,
): LabelledBox | undefined {
  const segmentation = readSegmentation(raw.segmentation, where, log)
  const box = readBox(raw.bbox, segmentation, where, log)
  if (box === undefined) return undefined
  const crowd = checkFlag(raw.iscrowd, `${where}.iscrowd`, log)
  const difficult = checkFlag(raw.difficult, `${where}.difficult`, log)
  const score = saysSomething(raw.score) ? checkScore(numberIn(raw.score), `${where}.score`, log) : undefined
  const area = numberIn(raw.area)
  if (saysSomething(raw.area) && !Number.isFinite(area)) {
    log.repair(`${where}.area`, `${JSON.stringify(raw.area)} is no number: left out`)
  }
  const attributes = checkAttributes(raw.attributes, `${where}.attributes`, log)
  return {
    box,
    ...(crowd && { crowd }),
    ...(difficult && { difficult }),
    ...(score !== undefined && { score }),
    ...(Number.isFinite(area) && { area }),
    ...(segmentation !== undefined && { segmentation }),
    ...(attributes !== undefined && { attributes }),
  }
}

/** The box as it is given; where it is missing or has no area, that of the polygons. */
function readBox(
  raw: unknown,
  segmentation: Segmentation | undefined,
  where: string,
  log: ProblemLog,
): BoxXyxy | undefined {
  const numbers = Array.isArray(raw) ? raw.map(numberIn) : []
  const [x, y, width, height] = numbers.length === 4 ? (numbers as [number, number, number, number]) : []
  const usable = numbers.length === 4 && numbers.every(Number.isFinite) && width !== 0 && height !== 0
  if (!usable && isPolygons(segmentation)) {
    const box = checkBox(polygonBounds(segmentation), `${where}.segmentation`, log)
    if (box)
      log.repair(`${where}.bbox`, `${saysSomething(raw) ? 'no usable' : 'no'} bbox: taken from the polygons`)
    return box
  }
  if (x !== undefined) return checkBox(toXyxy([x, y!, width!, height!]), `${where}.bbox`, log)
  log.skip(`${where}.bbox`, saysSomething(raw) ? 'the box is not four numbers' : 'no bbox')
  return undefined
}
