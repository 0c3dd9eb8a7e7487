/**
 * COCO annotations as the COCO metrics take them: every object as written. The reader of data sets is for training
 * and mends what no detector can learn; here a mended, moved or dropped box would be another benchmark.
 */
import { z } from 'zod'
import { CodedError } from '../errors.ts'
import type { GroundTruth } from '../evaluation/ground-truth.ts'
import { firstIssue } from './problems.ts'

const CocoGroundTruth = z.object({
  images: z.array(z.object({ id: z.int(), file_name: z.string().default('') })),
  categories: z.array(z.object({ id: z.int(), name: z.string() })),
  annotations: z.array(
    z.object({
      image_id: z.int(),
      category_id: z.int(),
      bbox: z.tuple([z.number(), z.number(), z.number(), z.number()]),
      area: z.number().nullish(),
      iscrowd: z.union([z.literal(0), z.literal(1), z.boolean()]).nullish(),
    }),
  ),
})

/** Ground truth whose images can be told by name; the name is empty where the file gives none. */
export interface NamedGroundTruth extends GroundTruth {
  readonly images: readonly { readonly id: number; readonly fileName: string }[]
}

/**
 * Reads a COCO data set for evaluation. Annotations of images or categories that it does not list stay in; the
 * evaluator leaves them out, as pycocotools does.
 *
 * @param file names the source in errors.
 * @throws CodedError DATA_COCO naming the first wrong entry and key.
 */
export function parseCocoGroundTruth(json: unknown, file: string): NamedGroundTruth {
  const parsed = CocoGroundTruth.safeParse(json)
  if (!parsed.success) {
    throw new CodedError('DATA_COCO', `${file} is not a COCO ground truth: ${firstIssue(parsed.error)}`)
  }
  const { images, categories, annotations } = parsed.data
  return {
    categories,
    images: images.map(({ id, file_name }) => ({ id, fileName: file_name })),
    objects: annotations.map(({ image_id, category_id, bbox, area, iscrowd }) => ({
      imageId: image_id,
      categoryId: category_id,
      box: bbox,
      area: area ?? bbox[2] * bbox[3],
      crowd: Boolean(iscrowd),
    })),
  }
}
