/** COCO detection JSON (cocodataset.org/#format-data): bbox is [x, y, width, height] in continuous pixels. */
import { z } from 'zod'
import { CodedError } from '../contract/errors.ts'
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

/**
 * Reads a COCO data set. Category and image ids are kept. Images and annotations that cannot be used are
 * skipped and reported; sizes that are missing become 0 × 0. `file` names the source in problems.
 * Throws DATA_COCO if the document as a whole is something else.
 */
export function parseCoco(json: unknown, file: string): ParsedDataset {
  const document = CocoFile.safeParse(json)
  if (!document.success) {
    throw new CodedError(
      'DATA_COCO',
      `${file} is not a COCO data set: ${firstIssue(document.error)}`,
      'It needs the lists "images", "annotations" and "categories"',
    )
  }
  const log = new ProblemLog(file)
  const categories = readCategories(document.data.categories, log)
  const images = readImages(document.data.images, log)
  const categoryIds = new Set(categories.map((category) => category.id))
  const ids = new Set<unknown>()
  for (const [raw, where] of entries(document.data.annotations, 'annotations', CocoAnnotation, log)) {
    const image = images.get(raw.image_id)
    if (image === undefined) {
      log.skip(`${where}.image_id`, `there is no image ${raw.image_id}`)
      continue
    }
    if (!categoryIds.has(raw.category_id)) {
      log.skip(`${where}.category_id`, `there is no category ${raw.category_id}`)
      continue
    }
    const labelled = readLabelledBox(raw, where, log)
    if (labelled === undefined) continue
    if (raw.id !== undefined && ids.has(raw.id)) {
      log.mend(`${where}.id`, `id ${String(raw.id)} is not unique: both objects kept`)
    }
    ids.add(raw.id)
    image.annotations.push({ categoryId: raw.category_id, ...labelled })
  }
  return { dataset: { categories, images: [...images.values()] }, problems: log.problems }
}

function readCategories(list: readonly unknown[], log: ProblemLog): Category[] {
  const byId = new Map<number, Category>()
  for (const [{ id, name: rawName }, where] of entries(list, 'categories', CocoCategory, log)) {
    if (byId.has(id)) {
      log.skip(`${where}.id`, `category ${id} was already given`)
      continue
    }
    const name = cleanName(rawName, `${where}.name`, log)
    if (name !== undefined) byId.set(id, { id, name })
  }
  return [...byId.values()]
}

type OpenImage = DatasetImage & { readonly annotations: Annotation[] }

function readImages(list: readonly unknown[], log: ProblemLog): Map<number, OpenImage> {
  const byId = new Map<number, OpenImage>()
  for (const [{ id, file_name, width, height }, where] of entries(list, 'images', CocoImage, log)) {
    const fileName = safeRelativePath(file_name)
    if (byId.has(id)) {
      log.skip(`${where}.id`, `image ${id} was already given`)
    } else if (fileName === undefined) {
      log.skip(`${where}.file_name`, `${JSON.stringify(file_name)} is not a path inside the image folder`)
    } else if (isSide(width) && isSide(height)) {
      byId.set(id, { id, fileName, width, height, annotations: [] })
    } else {
      if (width !== undefined || height !== undefined) {
        log.mend(
          where,
          `the size ${String(width)} × ${String(height)} is not one of an image: taken as unknown`,
        )
      }
      byId.set(id, { id, fileName, width: 0, height: 0, annotations: [] })
    }
  }
  return byId
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

/** The entries of one of the document's lists that fit their schema, each with its key; the others are reported. */
function* entries<T>(
  list: readonly unknown[],
  name: string,
  schema: z.ZodType<T>,
  log: ProblemLog,
): Generator<[entry: T, key: string]> {
  for (const [index, raw] of list.entries()) {
    const key = `${name}[${index}]`
    const parsed = schema.safeParse(raw)
    if (parsed.success) yield [parsed.data, key]
    else log.skip(key, firstIssue(parsed.error))
  }
}
