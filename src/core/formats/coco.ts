/** COCO detection JSON (cocodataset.org/#format-data): bbox is [x, y, width, height] in continuous pixels. */
import { z } from 'zod'
import { CodedError } from '../errors.ts'
import { type BoxXyxy, toXyxy } from '../geometry/box.ts'
import { checkAttributes, checkBox, checkScore, cleanName, isSide, safeRelativePath } from './checks.ts'
import type { Annotation, Category, DatasetImage, LabelledBox, ParsedDataset } from './dataset.ts'
import { firstIssue, ProblemLog } from './problems.ts'
import { isPolygons, polygonBounds, readSegmentation } from './segmentation.ts'

const CocoFile = z.looseObject({
  images: z.array(z.unknown()),
  annotations: z.array(z.unknown()).default([]),
  categories: z.array(z.unknown()),
})
const CocoCategory = z.object({ id: z.int(), name: z.string() })
const CocoImage = z.object({
  id: z.int(),
  file_name: z.string(),
  width: z.unknown().optional(),
  height: z.unknown().optional(),
})
const Flag = z.union([z.literal(0), z.literal(1), z.boolean()]).nullish()
const CocoAnnotation = z.object({
  id: z.unknown().optional(),
  image_id: z.int(),
  category_id: z.int(),
  bbox: z.array(z.number()).length(4).optional(),
  segmentation: z.unknown().optional(),
  area: z.number().nullish(),
  iscrowd: Flag,
  difficult: Flag,
  score: z.number().nullish(),
  attributes: z.record(z.string(), z.unknown()).nullish(),
})

/** True for JSON that is meant as a COCO data set, right or wrong in its parts. */
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

/** An annotation whose image and category may be still to come. */
interface Waiting {
  readonly id: unknown
  readonly imageId: number
  readonly annotation: Annotation
  readonly where: string
}

type OpenImage = DatasetImage & { readonly annotations: Annotation[] }

/** Takes the entries of the lists one by one, in any order, and keeps nothing of them but what is read. */
export class CocoReader {
  readonly #file: string
  readonly #images = new Map<number, OpenImage>()
  readonly #categories = new Map<number, Category>()
  readonly #waiting: Waiting[] = []
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
        `${this.#file} is not a COCO data set: ${firstIssue(document.error)}`,
        'It needs the lists "images", "annotations" and "categories"',
      )
    }
    this.#placeAnnotations()
    const { categories, images, annotations } = this.#logs
    return {
      dataset: { categories: [...this.#categories.values()], images: [...this.#images.values()] },
      problems: [...categories.problems, ...images.problems, ...annotations.problems],
    }
  }

  #addCategory(entry: unknown, where: string, log: ProblemLog): void {
    const raw = fitting(entry, CocoCategory, where, log)
    if (raw === undefined) return
    if (this.#categories.has(raw.id)) {
      log.skip(`${where}.id`, `category ${raw.id} was already given`)
      return
    }
    const name = cleanName(raw.name, `${where}.name`, log)
    if (name !== undefined) this.#categories.set(raw.id, { id: raw.id, name })
  }

  #addImage(entry: unknown, where: string, log: ProblemLog): void {
    const raw = fitting(entry, CocoImage, where, log)
    if (raw === undefined) return
    const { id, file_name, width, height } = raw
    const fileName = safeRelativePath(file_name)
    if (this.#images.has(id)) {
      log.skip(`${where}.id`, `image ${id} was already given`)
    } else if (fileName === undefined) {
      log.skip(`${where}.file_name`, `${JSON.stringify(file_name)} is not a path inside the image folder`)
    } else if (isSide(width) && isSide(height)) {
      this.#images.set(id, { id, fileName, width, height, annotations: [] })
    } else {
      if (width !== undefined || height !== undefined) {
        log.mend(
          where,
          `the size ${String(width)} × ${String(height)} is not one of an image: taken as unknown`,
        )
      }
      this.#images.set(id, { id, fileName, width: 0, height: 0, annotations: [] })
    }
  }

  #addAnnotation(entry: unknown, where: string, log: ProblemLog): void {
    const raw = fitting(entry, CocoAnnotation, where, log)
    const labelled = raw && readLabelledBox(raw, where, log)
    if (labelled === undefined) return
    const { id, image_id: imageId, category_id: categoryId } = raw!
    this.#waiting.push({ id, imageId, annotation: { categoryId, ...labelled }, where })
  }

  #placeAnnotations(): void {
    const log = this.#logs.annotations
    const ids = new Set<unknown>()
    for (const { id, imageId, annotation, where } of this.#waiting) {
      const image = this.#images.get(imageId)
      if (image === undefined) {
        log.skip(`${where}.image_id`, `there is no image ${imageId}`)
      } else if (!this.#categories.has(annotation.categoryId)) {
        log.skip(`${where}.category_id`, `there is no category ${annotation.categoryId}`)
      } else {
        if (id !== undefined && ids.has(id)) {
          log.mend(`${where}.id`, `id ${String(id)} is not unique: both objects kept`)
        }
        ids.add(id)
        image.annotations.push(annotation)
      }
    }
  }
}

/** The entry if it fits the schema; else it is reported. */
function fitting<T>(entry: unknown, schema: z.ZodType<T>, where: string, log: ProblemLog): T | undefined {
  const parsed = schema.safeParse(entry)
  if (parsed.success) return parsed.data
  log.skip(where, firstIssue(parsed.error))
  return undefined
}

function readLabelledBox(
  raw: z.infer<typeof CocoAnnotation>,
  where: string,
  log: ProblemLog,
): LabelledBox | undefined {
  const segmentation = readSegmentation(raw.segmentation, where, log)
  let corners: BoxXyxy
  if (raw.bbox !== undefined) {
    const [x, y, width, height] = raw.bbox as [number, number, number, number]
    corners = toXyxy([x, y, width, height])
  } else if (isPolygons(segmentation)) {
    corners = polygonBounds(segmentation)
    log.mend(`${where}.bbox`, 'no bbox: taken from the polygons')
  } else {
    log.skip(`${where}.bbox`, 'no bbox')
    return undefined
  }
  const box = checkBox(corners, `${where}.bbox`, log)
  if (box === undefined) return undefined
  const score = raw.score == null ? undefined : checkScore(raw.score, `${where}.score`, log)
  const attributes =
    raw.attributes == null ? undefined : checkAttributes(raw.attributes, `${where}.attributes`, log)
  return {
    box,
    ...(raw.iscrowd && { crowd: true }),
    ...(raw.difficult && { difficult: true }),
    ...(score !== undefined && { score }),
    ...(raw.area != null && { area: raw.area }),
    ...(segmentation !== undefined && { segmentation }),
    ...(attributes !== undefined && { attributes }),
  }
}
