/** Answers GET /asset/training-input/<image>?seed&short&long: the image as a run on this project would see it. */
import { z } from 'zod'
import type { EngineData } from '../../../core/contract/engine.ts'
import { encodeTrainingInput } from '../../../core/contract/training-input-asset.ts'
import { lite0Config } from '../../../core/detectors/fcos/presets.ts'
import { CodedError } from '../../../core/errors.ts'
import { area } from '../../../core/geometry/box.ts'
import { augmentFor } from '../../../core/training/augmentation.ts'
import { type AssetResponse, errorResponse } from '../assets/responses.ts'
import { engineOutline } from '../engine/engine-data.ts'
import type { Project } from '../project/index.ts'
import type { Models } from './models.ts'

const ROUTE = /^\/asset\/training-input\/([1-9]\d{0,14})$/
const side = z.coerce.number().int().min(32).max(4096)
const Query = z.object({ seed: z.coerce.number().int().min(0), short: side, long: side })

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
    const { seed, short, long } = asked.data
    const data = dataOf(project, Number(image))
    const { mean, std } = lite0Config([...data.categories]).input
    const input = { shortSide: short, longSide: long, mean, std }
    // A mosaic would need other images, which this view does not show.
    const augment = { ...augmentFor(project.find('-count:0').length), mosaic: 0 }
    const request = { method: 'training-input', data, input, augment, seed } as const
    const found = await models.engine.call(request, undefined, signal)
    const bytes = encodeTrainingInput(
      found,
      found.classes.map((index) => data.categories[index]!.id),
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
