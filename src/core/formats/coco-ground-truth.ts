/**
 * COCO annotations as the COCO metrics take them: every object as written. The reader of data sets is for training
 * and repairs what no detector can learn; here a repaired, moved or dropped box would be another benchmark.
 */
import { z } from 'zod'
import { CodedError } from '../errors.ts'
import type { GroundTruth } from '../evaluation/ground-truth.ts'
import type { IouType } from '../evaluation/tables.ts'
import { maskOf } from '../geometry/coco-rle.ts'
import type { Rle } from '../geometry/rle.ts'
import { isPolygons } from '../geometry/segmentation.ts'
import { firstIssue } from './problems.ts'
import { CocoSegmentation } from './segmentation.ts'

const CocoGroundTruth = z.object({
  images: z.array(
    z.object({
      id: z.int(),
      file_name: z.string().default(''),
      width: z.int().positive().optional(),
      height: z.int().positive().optional(),
    }),
  ),
  categories: z.array(z.object({ id: z.int(), name: z.string() })),
  annotations: z.array(
    z.object({
      image_id: z.int(),
      category_id: z.int(),
      bbox: z.tuple([z.number(), z.number(), z.number(), z.number()]),
      area: z.number().nullish(),
      iscrowd: z.union([z.literal(0), z.literal(1), z.boolean()]).nullish(),
      segmentation: z.unknown().optional(),
    }),
  ),
})

/** The name is empty, the size not there, where the file does not give it. */
export interface NamedImage {
  readonly id: number
  readonly fileName: string
  readonly width?: number | undefined
  readonly height?: number | undefined
}

/** Ground truth whose images can be told by name; the name is empty where the file gives none. */
export interface NamedGroundTruth extends GroundTruth {
  readonly images: readonly NamedImage[]
}

/**
 * Reads a COCO data set for evaluation. Annotations of images or categories that it does not list stay in; the
 * evaluator leaves them out, as pycocotools does.
 *
 * @param file names the source in errors.
 * @param iouType 'segm' reads the objects' masks too.
 * @throws CodedError DATA_COCO naming the first wrong entry and key; for masks also DATA_NO_MASK, DATA_MASK.
 */
export function parseCocoGroundTruth(
  json: unknown,
  file: string,
  iouType: IouType = 'bbox',
): NamedGroundTruth {
  const parsed = CocoGroundTruth.safeParse(json)
  if (!parsed.success) {
    throw new CodedError('DATA_COCO', `${file} is not a COCO ground truth: ${firstIssue(parsed.error)}`)
  }
  const { images, categories, annotations } = parsed.data
  const namedImages = images.map(({ file_name, ...image }): NamedImage => ({ ...image, fileName: file_name }))
  const byId = new Map(namedImages.map((image) => [image.id, image]))
  return {
    categories,
    images: namedImages,
    objects: annotations.map(({ image_id, category_id, bbox, area, iscrowd, segmentation }, index) => ({
      imageId: image_id,
      categoryId: category_id,
      box: bbox,
      area: area ?? bbox[2] * bbox[3],
      crowd: Boolean(iscrowd),
      ...(iouType === 'segm' && {
        mask: maskIn(segmentation, byId.get(image_id), `${file}: annotations[${index}]`),
      }),
    })),
  }
}

/**
 * The mask in a `segmentation` field.
 *
 * @throws CodedError DATA_NO_MASK where there is none, or no size to draw it in; DATA_MASK.
 */
export function maskIn(segmentation: unknown, image: NamedImage | undefined, where: string): Rle {
  const parsed = CocoSegmentation.safeParse(segmentation)
  if (!parsed.success) {
    throw new CodedError(
      'DATA_NO_MASK',
      `${where}.segmentation holds neither polygons nor run lengths`,
      'To compare boxes instead of masks, use --iou-type bbox',
    )
  }
  const size = isPolygons(parsed.data) ? image : sizeOf(parsed.data.size, image)
  if (size?.width === undefined || size.height === undefined) {
    throw new CodedError(
      'DATA_NO_MASK',
      `${where}: the ground truth does not give the size of image ${image?.id}`,
    )
  }
  return maskOf(parsed.data, { width: size.width, height: size.height }, where)
}

/** Run lengths bring their size; the image's is what they must agree with where it is known. */
const sizeOf = ([height, width]: readonly [number, number], image: NamedImage | undefined) => ({
  width: image?.width ?? width,
  height: image?.height ?? height,
})
