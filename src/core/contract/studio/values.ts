/** The records that several areas of the API speak of, as schemas; their meaning is told where their types are. */
import { z } from 'zod'
import type { WireError } from '../../errors.ts'
import type { Problem } from '../../formats/dataset.ts'
import type { BoxXyxy } from '../../geometry/box.ts'
import type { Segmentation } from '../../geometry/segmentation.ts'
import {
  type AnnotationPatch,
  IMAGE_STATES,
  type NewAnnotation,
  type ProjectAnnotation,
  type ProjectClass,
  type ProjectImage,
  SOURCES,
  SPLITS,
} from '../../project/model.ts'

export const Id = z.int().min(0)
export const Ids = z.array(Id).readonly()

/** No answer but that it was done. */
export const Nothing = z.null()
export const None = z.strictObject({})

/** An absolute path on the machine that the studio runs on, of any of its platforms. */
export const LocalPath = z
  .string()
  .max(4096)
  .regex(/^(\/|[A-Za-z]:[\\/]|\\\\)/, 'is not an absolute path')
  .refine((path) => !path.includes('\0'), 'is no path')

export const WireErrorValue = z.object({
  code: z.templateLiteral([
    z.enum(['USAGE', 'DATA', 'WEIGHTS', 'RUNTIME', 'ENGINE', 'TRAIN', 'IO']),
    '_',
    z.string(),
  ]),
  message: z.string(),
  remedy: z.string().exactOptional(),
}) satisfies z.ZodType<WireError>

export const Box = z
  .tuple([z.number(), z.number(), z.number(), z.number()])
  .readonly() satisfies z.ZodType<BoxXyxy>

export const ImageValue = z.object({
  id: Id,
  path: z.string(),
  width: z.int(),
  height: z.int(),
  error: z.string().nullable(),
  state: z.enum(IMAGE_STATES),
  split: z.enum(SPLITS).nullable(),
  labels: z.int(),
  proposals: z.int(),
}) satisfies z.ZodType<ProjectImage>

export const ClassValue = z.object({
  id: Id,
  name: z.string(),
  colour: z.string(),
}) satisfies z.ZodType<ProjectClass>

const Numbers = z.array(z.number()).readonly()

const Ring = Numbers.refine(
  ({ length }) => length >= 6 && length % 2 === 0,
  'is not a ring of at least 3 vertices',
)

/** Polygons, or COCO's run-length code. */
export const SegmentationValue = z.union([
  z.array(Ring).min(1).readonly(),
  z.object({
    size: z.tuple([z.int().positive(), z.int().positive()]).readonly(),
    counts: z.union([z.string(), z.array(z.int().nonnegative()).readonly()]),
  }),
]) satisfies z.ZodType<Segmentation>

const Attributes = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).readonly()

const required = { classId: Id, box: Box, source: z.enum(SOURCES) }

const others = {
  crowd: z.boolean(),
  difficult: z.boolean(),
  model: z.string().nullable(),
  score: z.number().min(0).max(1).nullable(),
  area: z.number().min(0).nullable(),
  segmentation: SegmentationValue.nullable(),
  attributes: Attributes.nullable(),
}

export const AnnotationValue = z.object({
  id: Id,
  imageId: Id,
  ...required,
  ...others,
}) satisfies z.ZodType<ProjectAnnotation>

/** Keys may be missing, but not undefined: JSON has no such value. */
function missable<Shape extends Record<string, z.ZodType>>(shape: Shape) {
  const entries = Object.entries(shape).map(([key, schema]) => [key, schema.exactOptional()])
  return Object.fromEntries(entries) as { [Key in keyof Shape]: z.ZodExactOptional<Shape[Key]> }
}

export const NewAnnotationValue = z.strictObject({
  ...required,
  ...missable(others),
}) satisfies z.ZodType<NewAnnotation>

export const AnnotationPatchValue = z.strictObject(
  missable({ ...required, ...others }),
) satisfies z.ZodType<AnnotationPatch>

/** Something that a reader or writer left out or repaired. */
export const ProblemValue = z.object({
  file: z.string(),
  where: z.string(),
  reason: z.string(),
  action: z.enum(['skipped', 'repaired']),
}) satisfies z.ZodType<Problem>

export const Problems = z.array(ProblemValue).readonly()
