/**
 * Answers GET /asset/training-input/<image>?seed&short&long&tile: the image as a run on this project would see it; of a large one, a tile
 * (its index, or `whole`; by default the first with objects).
 */
import { z } from 'zod'
import type { AugmentConfig } from '../../../core/contract/augmentation.ts'
import type { EngineData } from '../../../core/contract/engine.ts'
import { encodeTrainingInput, type TileGrid } from '../../../core/contract/training-input-asset.ts'
import { lite0Config } from '../../../core/detectors/fcos/presets.ts'
import { type Tile, tileSide, tilesOf } from '../../../core/detectors/shared/tiles.ts'
import { CodedError } from '../../../core/errors.ts'
import { area } from '../../../core/geometry/box.ts'
import type { SizeRule } from '../../../core/pyramid/input-size.ts'
import { augmentFor } from '../../../core/training/augmentation.ts'
import { isWhole, type SampleRules, sampleRules, tiledSamples, viewOf } from '../../../core/training/tiles.ts'
import { type AssetResponse, errorResponse } from '../assets/responses.ts'
import { engineOutline } from '../engine/engine-data.ts'
import type { Project } from '../project/index.ts'
import type { Models } from './models.ts'

const ROUTE = /^\/asset\/training-input\/([1-9]\d{0,14})$/
const side = z.coerce.number().int().min(32).max(4096)
const Query = z.object({
  ...{ seed: z.coerce.number().int().min(0), short: side, long: side },
  tile: z.union([z.literal('whole'), z.coerce.number().int().min(0)]).optional(),
})

/** Images by which the size of tiles is chosen, taken evenly from those with boxes. A run looks at all of them. */
const MOST_LOOKED_AT = 2000

/** Never rejects but with the signal's reason. */
export async function respondTrainingInput(
  { models, project }: { readonly models: Models; readonly project: Project },
  path: string,
  query: URLSearchParams,
  signal?: AbortSignal,
): Promise<AssetResponse> {
  try {
    const asked = Query.safeParse(Object.fromEntries(query))
    const image = ROUTE.exec(path)?.[1]
    if (!image || !asked.success) throw new CodedError('USAGE_ADDRESS', 'There is nothing at this address')
    const { seed, short, long, tile } = asked.data
    const data = dataOf(project, Number(image))
    const { mean, std } = lite0Config([...data.categories]).input
    const input = { shortSide: short, longSide: long, mean, std }
    // A mosaic would need other images, which this view does not show.
    const labelled = project.find('-count:0')
    const augment = { ...augmentFor(labelled.length), mosaic: 0 }
    const grid = gridOf(data, rulesOf(project, labelled, input, augment), tile)
    const shown = grid?.shown == null ? {} : { tile: regionOf(grid.tiles[grid.shown]!) }
    const request = { method: 'training-input', data, input, augment, seed, ...shown } as const
    const found = await models.engine.call(request, undefined, signal)
    const bytes = encodeTrainingInput(
      found,
      found.classes.map((index) => data.categories[index]!.id),
      grid,
    )
    return {
      ...{ status: 200, type: 'application/octet-stream', headers: { 'cache-control': 'no-store' } },
      body: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    }
  } catch (error) {
    signal?.throwIfAborted()
    return errorResponse(error)
  }
}

const regionOf = ({ x, y, width, height }: Tile): Tile => ({ x, y, width, height })

function rulesOf(
  project: Project,
  labelled: readonly number[],
  input: SizeRule,
  augment: AugmentConfig,
): SampleRules {
  const step = Math.ceil(labelled.length / MOST_LOOKED_AT)
  const images = project.images
    .list(labelled.filter((_, i) => i % step === 0))
    .map(({ id, width, height }) => ({
      ...{ width, height },
      boxes: project.annotations.of(id).flatMap(({ box }) => box),
    }))
  return sampleRules(images, input, { tile: 'auto', augment })
}

/** Null where the image is learnt from as a whole. Throws USAGE_ADDRESS for a tile that it does not have. */
function gridOf(
  { images: [image] }: EngineData,
  { rule, tiling, minVisible }: SampleRules,
  asked: number | 'whole' | undefined,
): TileGrid | null {
  const { width, height, boxes, categories, crowds } = image!
  const side = tileSide({ width, height }, rule, tiling)
  if (side === null) return null
  // As objects are numbered, crowd regions count.
  const targets = [...categories.keys()].filter((n) => crowds[n] === 0)
  const own = { width, height, boxes: targets.flatMap((n) => [...boxes.subarray(4 * n, 4 * n + 4)]) }
  const named = (list: readonly number[]) =>
    list.map((n) => ({ number: targets[n]! + 1, classId: categories[targets[n]!]! }))
  const tiles = tilesOf(own, side).map((tile) => {
    const { objects, cut, dropped } = viewOf(tile, own, minVisible)
    return { ...tile, objects: objects.length, cut: named(cut), dropped: named(dropped) }
  })
  const { views, emptySamples } = tiledSamples(own, side, minVisible)
  const first = Math.max(
    0,
    tiles.findIndex(({ objects }) => objects > 0),
  )
  const shown = asked === 'whole' ? null : (asked ?? first)
  if (shown !== null && !tiles[shown]) throw new CodedError('USAGE_ADDRESS', `The image has no tile ${shown}`)
  return {
    ...{ image: { width, height }, tiles, emptySamples, shown },
    whole: views.some((view) => isWhole(view, own)),
  }
}

/** One image with its labels, without proposals. Throws USAGE_IMAGE, USAGE_CLASS. */
function dataOf(project: Project, id: number): EngineData {
  const [image] = project.images.list([id])
  if (!image) throw new CodedError('USAGE_IMAGE', 'There is no such image')
  const labels = project.annotations.of(id).filter(({ source }) => source !== 'proposed')
  const categories = project.classes.all().map(({ id: classId, name }) => ({ id: classId, name }))
  if (categories.length === 0) throw new CodedError('USAGE_CLASS', 'There are no classes to learn yet')
  return {
    categories,
    images: [
      {
        ...{ id, path: project.fileOf(id), width: image.width, height: image.height },
        boxes: Float64Array.from(labels.flatMap(({ box }) => box)),
        categories: Int32Array.from(labels, ({ classId }) => classId),
        crowds: Uint8Array.from(labels, ({ crowd }) => (crowd ? 1 : 0)),
        areas: Float64Array.from(labels, ({ box }) => area(box)),
        outlines: labels.map(({ segmentation }) => engineOutline(segmentation)),
      },
    ],
  }
}
