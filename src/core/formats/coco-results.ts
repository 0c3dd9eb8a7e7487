/** COCO results: the flat list of detections that COCO tools exchange (cocodataset.org/#format-results). */
import { z } from 'zod'
import { CodedError } from '../errors.ts'
import type { IouType } from '../evaluation/tables.ts'
import { toXywh } from '../geometry/box.ts'
import { rleArea, rleBounds } from '../geometry/rle.ts'
import { maskIn, type NamedImage } from './coco-ground-truth.ts'
import type { CocoResultColumns } from './coco-results-columns.ts'
import type { LabelledBox } from './dataset.ts'
import type { Detection, DetectionColumns } from './detection.ts'
import { firstIssue } from './problems.ts'

const extent = z.number().nonnegative()

const CocoResult = z
  .object({
    image_id: z.int(),
    /** Not in COCO's own description, but written by `fcos detect` and others: ties a result to its image by name. */
    file_name: z.string().optional(),
    category_id: z.int(),
    /** Image pixels: x, y, width, height. Without it the box is that of the mask. */
    bbox: z.tuple([z.number(), z.number(), extent, extent]).optional(),
    /** Polygons or run lengths. */
    segmentation: z.unknown().optional(),
    score: z.number(),
  })
  .refine((it) => it.bbox !== undefined || it.segmentation !== undefined, {
    path: ['bbox'],
    error: 'neither a box nor a mask',
  })
const CocoResults = z.array(CocoResult)

export type CocoResult = z.infer<typeof CocoResult>

/**
 * Checks parsed JSON.
 *
 * @param file names the source in errors.
 * @throws CodedError DATA_COCO_RESULTS naming the first wrong entry and key, as in `[12].bbox[2]: expected number`.
 */
export function parseCocoResults(json: unknown, file: string): CocoResult[] {
  const parsed = CocoResults.safeParse(json)
  if (parsed.success) return parsed.data
  throw new CodedError(
    'DATA_COCO_RESULTS',
    `${file} is not a COCO results list: ${firstIssue(parsed.error)}`,
    'It needs a list of {image_id, category_id, bbox [x, y, width, height] or segmentation, score}',
  )
}

/**
 * Results as detections on the images of a data set. A detector that was given a folder numbers its images itself;
 * so where a result's `file_name` names another image than its `image_id` does, the name decides.
 *
 * @param iouType 'segm' reads the masks too.
 * @throws CodedError DATA_UNKNOWN_IMAGE where neither names exactly one image of the data set; for masks also DATA_NO_MASK, DATA_MASK.
 */
export function toDetections(
  results: readonly CocoResult[],
  images: readonly NamedImage[],
  file: string,
  iouType: IouType = 'bbox',
): Detection[] {
  const imageIdOf = imageFinder(images)
  const byId = new Map(images.map((image) => [image.id, image]))
  return results.map((result, index) => {
    const imageId = requireImage(imageIdOf, result, file, index)
    const { category_id: categoryId, bbox, score, segmentation } = result
    if (bbox && iouType === 'bbox') return { imageId, categoryId, box: bbox, score }
    const mask = maskIn(segmentation, byId.get(imageId), `${file}: [${index}]`)
    // pycocotools takes the size class from the box where a result has one, also to compare masks.
    return bbox
      ? { imageId, categoryId, box: bbox, score, mask }
      : { imageId, categoryId, box: toXywh(rleBounds(mask)), score, area: rleArea(mask), mask }
  })
}

/** The same of results in columns. @throws CodedError DATA_UNKNOWN_IMAGE. */
export function resultDetections(
  results: CocoResultColumns,
  images: readonly NamedImage[],
  file: string,
): DetectionColumns {
  const { rows, categoryId, boxes, scores, name, names } = results
  const imageIdOf = imageFinder(images)
  const imageId = new Float64Array(rows)
  for (let row = 0; row < rows; row++) {
    const before = row > 0 && results.imageId[row] === results.imageId[row - 1] && name[row] === name[row - 1]
    imageId[row] = before
      ? imageId[row - 1]!
      : requireImage(imageIdOf, { image_id: results.imageId[row]!, file_name: names[name[row]!] }, file, row)
  }
  return { rows, imageId, categoryId, boxes, scores, areas: null, masks: null }
}

/**
 * Rows of the detections whose centre lies outside the size that is stated for their image: they were made in a picture of another
 * size, such as a photo that was turned. Images without a stated size have no outside.
 */
export function detectionsOutside(
  { rows, imageId, boxes }: DetectionColumns,
  images: readonly NamedImage[],
): number[] {
  const sizes = new Map(images.map((image) => [image.id, image]))
  const outside: number[] = []
  for (let row = 0; row < rows; row++) {
    const { width, height } = sizes.get(imageId[row]!) ?? {}
    if (!width || !height) continue
    const centreX = boxes[4 * row]! + boxes[4 * row + 2]! / 2
    const centreY = boxes[4 * row + 1]! + boxes[4 * row + 3]! / 2
    if (centreX < 0 || centreY < 0 || centreX > width || centreY > height) outside.push(row)
  }
  return outside
}

type Named = Pick<CocoResult, 'image_id' | 'file_name'>

function requireImage(
  imageIdOf: (result: Named) => number | undefined,
  result: Named,
  file: string,
  index: number,
): number {
  const imageId = imageIdOf(result)
  if (imageId !== undefined) return imageId
  const name = result.file_name === undefined ? '' : ` (${result.file_name})`
  throw new CodedError(
    'DATA_UNKNOWN_IMAGE',
    `${file}: [${index}]: image ${result.image_id}${name} is not in the ground truth`,
    'Give the results of the same data set; images are told by file_name where results have it, else by image_id',
  )
}

function imageFinder(images: readonly NamedImage[]): (result: Named) => number | undefined {
  const baseNameOf = new Map(images.map(({ id, fileName }) => [id, baseName(fileName)]))
  const byPath = idsBy(images, (fileName) => fileName)
  const byBaseName = idsBy(images, baseName)
  return ({ image_id, file_name }) => {
    const ownName = baseNameOf.get(image_id)
    if (file_name === undefined || ownName === '') return ownName === undefined ? undefined : image_id
    const path = byPath.get(file_name)
    if (path !== undefined) return path
    // Folders may differ between a data set and where its images were detected.
    const name = baseName(file_name)
    return ownName === name ? image_id : byBaseName.get(name)
  }
}

/** Image ids by a name made of the file name; undefined where several images share it. */
function idsBy(
  images: readonly NamedImage[],
  nameOf: (fileName: string) => string,
): ReadonlyMap<string, number | undefined> {
  const ids = new Map<string, number | undefined>()
  for (const { id, fileName } of images) {
    const name = nameOf(fileName)
    ids.set(name, ids.has(name) ? undefined : id)
  }
  return ids
}

function baseName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1)
}

/** Detections as results, numbers kept to the last bit. */
export function toCocoResults(
  detections: readonly (Detection & Pick<LabelledBox, 'segmentation'>)[],
  images: readonly NamedImage[],
): CocoResult[] {
  const fileNameOf = new Map(images.map(({ id, fileName }) => [id, fileName]))
  return detections.map(({ imageId, categoryId, box, score, segmentation }) => {
    const [x, y, width, height] = box
    const fileName = fileNameOf.get(imageId)
    return {
      image_id: imageId,
      ...(fileName && { file_name: fileName }),
      category_id: categoryId,
      bbox: [x, y, width, height],
      ...(segmentation && { segmentation }),
      score,
    }
  })
}
