/** What `detect`, `candidates` and `maps` do. */
import type {
  CandidatesRequest,
  CandidatesResult,
  DetectRequest,
  DetectResult,
  EngineEvent,
  MapsRequest,
  MapsResult,
} from '../../../core/contract/engine.ts'
import type { InputConfig } from '../../../core/detectors/model-config.ts'
import { tileSide } from '../../../core/detectors/shared/tiles.ts'
import type { Size } from '../../../core/geometry/box.ts'
import type { RgbImage } from '../../images/decode.ts'
import type { LargeImage } from '../../images/region.ts'
import type { JobControl } from '../control.ts'
import { openLabelled } from '../data/labelled-image.ts'
import { preprocess } from '../data/preprocess.ts'
import { detect, findCandidates, frameOf, type ImageCandidates } from './detect.ts'
import { type LoadedModel, LoadedModels } from './loaded-models.ts'
import { overFiles, type SeenSize } from './stream.ts'
import { detectOne, type TiledDetections, tiledCandidates } from './tiled.ts'

/** Two, so that models can be compared on an image. */
export const models = new LoadedModels(2)

type Emit = (event: EngineEvent) => void

export function detectFiles(request: DetectRequest, emit: Emit, control: JobControl): Promise<DetectResult> {
  const detecting = async ({ runner, learntSide: learnt, tiling }: LoadedModel) => {
    const { classes, input: trained } = runner.config
    const input = inputOf(trained, request.size)
    const options = { ...request, nms: request.nms ?? runner.detector.nms }
    const rule = { input: input.longSide, learnt }
    const { tile = 'auto' } = request
    const sideFor = (image: Size) => tileSide(image, rule, tile === 'auto' ? tiling : tile)
    // Images of a batch have nearly one shape, but a batch of small ones may have a large one in it.
    const network = async (images: readonly (RgbImage | LargeImage)[]): Promise<TiledDetections[]> => {
      if (images.every(isDecoded) && images.every((image) => sideFor(image) === null)) {
        const found = await detect(runner, images, input, options)
        return found.map((detections) => ({ tiles: null, detections }))
      }
      const each: TiledDetections[] = []
      for (const image of images) each.push(await detectOne(runner, image, input, options, sideFor(image)))
      return each
    }
    emit({ kind: 'classes', classes, runtime: runner.runtime })
    const inParts: { readonly path: string; readonly pages: number }[] = []
    const counts = await throughAll(
      request,
      network,
      input,
      control,
      emit,
      (index, { width, height, pages }, found) => {
        if (pages !== undefined) inParts.push({ path: request.images[index], pages })
        emit({ kind: 'detected', index, width, height, ...found })
      },
    )
    if (inParts.length > 0) emit({ kind: 'note', message: firstPageNote(inParts) })
    return { ...counts, classes }
  }
  return models.use(request.model, detecting, noting(emit), request.mayRound)
}

function firstPageNote(files: readonly { readonly path: string; readonly pages: number }[]): string {
  const [{ path, pages }] = files
  return files.length === 1
    ? `${path} has ${pages} frames or pages. Only the first was searched`
    : `${files.length} files have several frames or pages, such as ${path} with ${pages}. Only the first of each was searched`
}

const isDecoded = (image: RgbImage | LargeImage): image is RgbImage => 'data' in image

const noting = (emit: Emit) => (message: string) => emit({ kind: 'note', message })

export function candidatesOfFiles(
  request: CandidatesRequest,
  emit: Emit,
  control: JobControl,
): Promise<CandidatesResult> {
  const finding = async (loaded: LoadedModel) => {
    const { runner } = loaded
    const input = inputOf(runner.config.input, request.size)
    const rule = { input: input.longSide, learnt: loaded.learntSide }
    const network = async (images: readonly (RgbImage | LargeImage)[]) => {
      const sides = images.map((image) => tileSide(image, rule, loaded.tiling))
      if (images.every(isDecoded) && sides.every((side) => side === null))
        return findCandidates(runner, images, input, request.floor)
      const each: ImageCandidates[] = []
      for (const [i, image] of images.entries())
        each.push(await tiledCandidates(runner, image, input, request.floor, sides[i]))
      return each
    }
    const info = infoOf(loaded, input)
    const counts = await throughAll(request, network, input, control, emit, (index, _, found) =>
      emit({ kind: 'candidates', index, ...found, model: info }),
    )
    return { ...counts, model: info }
  }
  return models.use(request.model, finding, noting(emit))
}

export async function mapsOf({ model: path, image: file, size }: MapsRequest): Promise<MapsResult> {
  const start = performance.now()
  let load = 0
  let decode = 0
  const image = seenOf(file).finally(() => {
    decode = performance.now() - start
  })
  // An error of the image is reported after an error of the model.
  image.catch(() => {})
  return models.use(path, async (loaded) => {
    load = performance.now() - start
    const { runner } = loaded
    const config = inputOf(runner.config.input, size)
    const { pixels, displayed } = await image
    const began = performance.now()
    const input = preprocess([pixels], config)
    const { parameters, images } = await runner.raw(input)
    const network = performance.now() - began
    return {
      ...{ ...frameOf(pixels, input, 0), image: displayed },
      model: infoOf(loaded, config),
      outputs: images[0].outputs,
      parameters,
      embedding: images[0].embedding,
      isTiled:
        tileSide(displayed, { input: config.longSide, learnt: loaded.learntSide }, loaded.tiling) !== null,
      milliseconds: { load, decode, network },
    }
  })
}

/** An image as the network sees it as a whole, and its size as displayed. Both differ where it is too large to be decoded at once. */
async function seenOf(file: string): Promise<{ readonly pixels: RgbImage; readonly displayed: Size }> {
  const image = await openLabelled({ path: file })
  const displayed = { width: image.width, height: image.height }
  if ('data' in image) return { pixels: image, displayed }
  try {
    return { pixels: await image.reduced(), displayed }
  } finally {
    await image.close()
  }
}

/** The requested size as a rule for the input: its long side decides. */
function inputOf(trained: InputConfig, size: number | null): InputConfig {
  return size === null ? trained : { ...trained, shortSide: size, longSide: size }
}

function infoOf({ runner: { config }, thresholds }: LoadedModel, input: InputConfig) {
  return { config: { ...config, input }, thresholds }
}

async function throughAll<Found>(
  { images, sizes, batch }: Pick<DetectRequest, 'images' | 'sizes' | 'batch'>,
  network: (images: readonly (RgbImage | LargeImage)[]) => Promise<Found[]>,
  input: InputConfig,
  control: JobControl,
  emit: Emit,
  onFound: (index: number, image: SeenSize, found: Found) => void,
): Promise<{ images: number; skipped: number; complete: boolean }> {
  const files = images.map((path, i) => ({ path, size: sizes?.[i] ?? undefined }))
  let [done, skipped] = [0, 0]
  for await (const result of overFiles(files, network, { input, batch, signal: control.signal })) {
    done++
    if ('error' in result) {
      skipped++
      emit({ kind: 'skipped', ...result })
    } else onFound(result.index, result.image, result.found)
    await control.turn()
  }
  return { images: done - skipped, skipped, complete: done === images.length }
}
