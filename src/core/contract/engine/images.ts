/** Images and labels as the engine receives them. */
import { z } from 'zod'

export const Path = z.string().min(1)

/** One image as the engine needs it: where it is, and its labelled boxes. */
export const EngineImage = z.object({
  id: z.int(),
  path: Path,
  width: z.int().min(0),
  height: z.int().min(0),
  /** [n·4] x1, y1, x2, y2 in image pixels */
  boxes: z.instanceof(Float64Array),
  /** [n] category ids */
  categories: z.instanceof(Int32Array),
  /** [n] 1 for crowd regions: no training target, ignored in evaluation. */
  crowds: z.instanceof(Uint8Array),
  /** [n] COCO areas in px²: what evaluation sorts objects by. */
  areas: z.instanceof(Float64Array),
  /** [n] rings of each object's outline in image pixels, null where it has none; left out where none has. See Outlines. */
  outlines: z
    .array(z.array(z.array(z.number()).readonly()).readonly().nullable())
    .readonly()
    .optional(),
})
export type EngineImage = z.infer<typeof EngineImage>

export const EngineData = z.object({
  categories: z.array(z.object({ id: z.int(), name: z.string() })).min(1),
  images: z.array(EngineImage).min(1),
})
export type EngineData = z.infer<typeof EngineData>
