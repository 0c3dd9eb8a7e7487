/** Warnings about the data that are given before a training starts. */
import type { EngineData, EngineImage } from '../../../core/contract/engine.ts'
import { detectorOf } from '../../../core/detectors/detectors.ts'
import type { AssignmentRules } from '../../../core/detectors/fcos/config.ts'
import type { ModelConfig } from '../../../core/detectors/model-config.ts'
import { tileSide } from '../../../core/detectors/shared/tiles.ts'
import type { DatasetImage } from '../../../core/formats/dataset.ts'
import { classesWithoutPositives, RecallMeter } from '../../../core/inspect/recall.ts'
import type { InputSetting } from '../../../core/inspect/setting.ts'
import { isWhole, type SampleRules, seenImages, tiledSamples } from '../../../core/training/tiles.ts'
import { countOf } from '../../../core/words.ts'

/** More images would delay the run. They are taken evenly from the whole data set. */
const MOST_MEASURED = 5000

/** Tiles of large images, classes and boxes that no location learns at this size, boxes under a pixel, and images that are listed several times. */
export function dataNotes(
  { categories, images }: EngineData,
  { detector, assignment, input }: ModelConfig,
  rules: SampleRules,
): string[] {
  const setting = { detector, input, rules: assignment }
  const seen = (image: EngineImage): DatasetImage[] => seenImages(datasetImage(image), rules)
  return [
    ...tiled(images, rules),
    ...unlearnable(images, setting, seen),
    ...withoutPositives({ categories, images }, setting, seen),
    ...withoutOutline(images, { detector, assignment }),
    ...underAPixel(images),
    ...listedAgain(images),
  ]
}

/** In how many tiles large images are learnt from, and what their borders cut. */
function tiled(images: readonly EngineImage[], { rule, tiling, minVisible }: SampleRules): string[] {
  const sides = new Set<number>()
  const count = { images: 0, tiles: 0, wholes: 0, empty: 0, emptySamples: 0, cut: 0, dropped: 0 }
  for (const image of images) {
    const side = tileSide(image, rule, tiling)
    if (side === null) continue
    const { views, empty, emptySamples } = tiledSamples(image, side, minVisible)
    const tiles = views.filter((view) => !isWhole(view, image))
    sides.add(side)
    count.images++
    count.tiles += tiles.length
    count.wholes += views.length - tiles.length
    count.empty += empty.length
    count.emptySamples += emptySamples
    for (const { cut, dropped } of tiles) {
      count.cut += cut.length
      count.dropped += dropped.length
    }
  }
  if (count.images === 0) return []
  const which = images.length === 1 ? 'The image is' : `${count.images} of ${images.length} images are`
  const empty = count.empty > 0 ? `, and ${count.emptySamples} at a time of the ${count.empty} without` : ''
  const seen = count.wholes === 1 ? '1 image is' : `${count.wholes} images are`
  const wholes = count.wholes > 0 ? ` ${seen} also seen whole, for objects that are too large for tiles.` : ''
  const cut =
    count.cut + count.dropped > 0
      ? ` Borders of tiles cut ${countOf(count.cut, 'object')}; of ${count.dropped} others less than ` +
        `${Math.round(100 * minVisible)} % is left, which is no target there. Each lies whole in another tile or is seen in the whole image.`
      : ''
  return [
    `${which} learnt from in tiles of ${[...sides].join(', ')} px: ${count.tiles} with objects${empty}.` +
      `${wholes}${cut} Detection with this model takes the same tiles (training.tile)`,
  ]
}

type Seen = (image: EngineImage) => readonly DatasetImage[]

function unlearnable(images: readonly EngineImage[], setting: InputSetting, seen: Seen): string[] {
  const meter = new RecallMeter(setting)
  const step = Math.ceil(images.length / MOST_MEASURED)
  const measured = images.filter((_, i) => i % step === 0)
  for (const image of measured.flatMap(seen)) meter.add(image)
  const { boxes, learnable } = meter.recall
  const lost = boxes - learnable
  if (lost === 0) return []
  const of = step > 1 ? ` of ${measured.length} images that were looked at` : ''
  const where = `at ${setting.input.longSide} px by any location; a larger input size, or tiles, reach small ones`
  return learnable === 0
    ? [`None of the ${boxes} boxes${of} can be learnt ${where}`]
    : [`${lost} of the ${boxes} boxes${of} cannot be learnt ${where}`]
}

/**
 * Examines an image only while one of its classes has no positive location, so that ordinary data take little time,
 * and only a sample of a large data set.
 */
function withoutPositives({ categories, images }: EngineData, setting: InputSetting, seen: Seen): string[] {
  const meter = new RecallMeter(setting)
  const isPositive = (id: number): boolean => (meter.perClass.get(id)?.positive ?? 0) > 0
  let looked = 0
  for (const image of images) {
    if (image.categories.every(isPositive)) continue
    if (++looked > MOST_MEASURED) break
    for (const each of seen(image)) meter.add(each)
  }
  // Nothing is known about classes that do not occur in the sample.
  const known = looked > MOST_MEASURED ? categories.filter(({ id }) => meter.perClass.has(id)) : categories
  const note = classesWithoutPositives(known, meter)
  return note === null ? [] : [note]
}

/** Only for detectors that learn from outlines. */
function withoutOutline(
  images: readonly EngineImage[],
  { detector, assignment }: Pick<ModelConfig, 'detector' | 'assignment'>,
): string[] {
  const learnsMasks = detectorOf({ detector }).learnsOutlines ?? false
  const { masks } = assignment as Partial<AssignmentRules>
  if (!learnsMasks && !masks) return []
  let [objects, without] = [0, 0]
  for (const { categories, crowds, outlines } of images) {
    for (const i of categories.keys()) {
      if (crowds[i] === 1) continue
      objects++
      if (!outlines?.[i]) without++
    }
  }
  if (without === 0) return []
  const instead = learnsMasks ? 'their boxes are learnt as their outlines' : 'their boxes alone decide'
  return [`${without} of the ${objects} objects have no outline: ${instead}`]
}

function datasetImage({
  id,
  path,
  width,
  height,
  boxes,
  categories,
  crowds,
  outlines,
}: EngineImage): DatasetImage {
  const annotations = Array.from(categories, (categoryId, i) => {
    const [x1, y1, x2, y2] = boxes.subarray(4 * i, 4 * i + 4)
    const rings = outlines?.[i]
    const box = [x1, y1, x2, y2] as const
    return { categoryId, box, crowd: crowds[i] === 1, ...(rings && { segmentation: rings }) }
  })
  return { id, fileName: path, width, height, annotations }
}

function underAPixel(images: readonly EngineImage[]): string[] {
  let count = 0
  for (const { boxes } of images) {
    for (let i = 0; i < boxes.length; i += 4) {
      if (boxes[i + 2] - boxes[i] >= 1 || boxes[i + 3] - boxes[i + 1] >= 1) return []
      count++
    }
  }
  if (count === 0) return []
  return [
    `Every one of the ${count} boxes is smaller than a pixel of its image: coordinates between 0 and 1 have to be ` +
      'multiplied by the width and the height',
  ]
}

function listedAgain(images: readonly EngineImage[]): string[] {
  const groups = Map.groupBy(images, ({ path }) => path)
  const again = [...groups.values()].filter((group) => group.length > 1)
  if (again.length === 0) return []
  const [first] = again
  const [some, they] =
    again.length === 1 ? ['1 image is', 'It is'] : [`${again.length} images are`, 'Each is']
  return [
    `${some} listed more than once, under ids of its own each time, as ${first[0].path} under ` +
      `${first.map(({ id }) => id).join(', ')}. ${they} learnt from once per listing, where boxes of the other listings ` +
      'count as background',
  ]
}
