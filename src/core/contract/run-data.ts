/** The training and validation data of a run, as stored in its folder: which boxes of which images. */
import { z } from 'zod'
import type { EngineData, EngineImage } from './engine/images.ts'

const FORMAT = 'fcos-studio-data'

const numbers = z.array(z.number())
const Image = z.strictObject({
  id: z.int(),
  path: z.string(),
  width: z.int(),
  height: z.int(),
  boxes: numbers.transform((values) => Float64Array.from(values)),
  categories: numbers.transform((values) => Int32Array.from(values)),
  /** Left out where there are none. */
  crowds: numbers.optional(),
  areas: numbers.transform((values) => Float64Array.from(values)),
  outlines: z.array(z.array(numbers).nullable()).optional(),
})

const images = z.array(
  Image.transform(
    (image): EngineImage => ({
      ...image,
      crowds: image.crowds ? Uint8Array.from(image.crowds) : new Uint8Array(image.categories.length),
    }),
  ),
)

/** Parses the file's JSON. */
export const RunData = z
  .strictObject({
    format: z.literal(FORMAT),
    version: z.literal(1),
    categories: z.array(z.strictObject({ id: z.int(), name: z.string() })),
    training: images,
    validation: images.nullable(),
  })
  .transform(
    ({ categories, training, validation }): RunData => ({
      data: { categories, images: training },
      validation: validation && { categories, images: validation },
    }),
  )
export interface RunData {
  readonly data: EngineData
  readonly validation: EngineData | null
}

/** The file's text. Both sets count classes alike. */
export function writeRunData({ data, validation }: RunData): string {
  const list = (of: EngineData) => `[\n${of.images.map(line).join(',\n')}\n]`
  const head = JSON.stringify({ format: FORMAT, version: 1, categories: data.categories }).slice(0, -1)
  return `${head},\n"training":${list(data)},\n"validation":${validation ? list(validation) : null}}\n`
}

function line({ boxes, categories, crowds, areas, ...image }: EngineImage): string {
  return JSON.stringify({
    ...image,
    boxes: [...boxes],
    categories: [...categories],
    crowds: crowds.includes(1) ? [...crowds] : undefined,
    areas: [...areas],
  })
}
