/** The detections of a model, selected from its candidates in the cache. */
import { setImmediate } from 'node:timers/promises'
import { gridOf, type ImageCandidates } from '../../../core/contract/model-assets.ts'
import { detectorOf } from '../../../core/detectors/detectors.ts'
import type { ModelConfig } from '../../../core/detectors/model-config.ts'
import { evaluationSelection, guessesOf } from '../../../core/detectors/shared/select.ts'
import type { CandidateImage, Placed } from '../../../core/evaluation/oracle/answers.ts'
import type { Size } from '../../../core/geometry/box.ts'
import type { ProjectClass } from '../../../core/project/model.ts'
import { paddedSize, resizedSize } from '../../../core/pyramid/input-size.ts'
import { matchClasses } from '../../../core/review/class-match.ts'
import { CandidateCache } from '../models/candidate-cache.ts'
import type { FrozenDetection } from './frozen.ts'

/** A model's images in the cache. */
export interface CachedModel {
  readonly title: string
  readonly key: string
  readonly cacheFolder: string
  readonly images: readonly { readonly id: number; readonly key: string }[]
  /** Number of images that could not be read. */
  readonly unread: number
}

type Classes = readonly Pick<ProjectClass, 'id' | 'name'>[]

export interface ModelDetections {
  /** Ranked as the detector ranks them, and as it would without centerness. */
  readonly score: FrozenDetection[]
  readonly class: FrozenDetection[]
}

/** `done` is called for every image, and may throw to stop. */
export async function detectionsOf(
  model: CachedModel,
  classes: Classes,
  done: (images: number) => void,
): Promise<ModelDetections> {
  const detections: ModelDetections = { score: [], class: [] }
  let images = 0
  for await (const { id, found } of candidatesOf(model)) {
    const classIds = classIdsOf(found, classes)
    detections.score.push(...select(id, found, classIds, true))
    detections.class.push(...select(id, found, classIds, false))
    done(++images)
    // Yields, so that a cancellation can arrive.
    await setImmediate()
  }
  return detections
}

/** Candidates in the form that the oracle needs, with the category of each of the model's classes. */
export async function candidateImages(
  model: CachedModel,
  classes: Classes,
): Promise<{
  images: CandidateImage[]
  config: ImageCandidates['model']['config']
  categoryIds: number[]
} | null> {
  const images: CandidateImage[] = []
  let config: ImageCandidates['model']['config'] | undefined
  let categoryIds: number[] = []
  for await (const { id, found } of candidatesOf(model)) {
    const { candidates, image, resized } = found
    const [tile] = candidates.tiling?.tiles ?? []
    config = found.model.config
    categoryIds = classIdsOf(found, classes)
    images.push({
      imageId: id,
      candidates,
      pyramid: gridOf(found),
      toSource: { x: image.width / resized.width, y: image.height / resized.height },
      ...(tile && { tile: tilePlaced(tile, config) }),
    })
  }
  return config ? { images, config, categoryIds } : null
}

/** All tiles of an image have one size. */
function tilePlaced(tile: Size, config: ModelConfig): Placed {
  const resized = resizedSize(tile, config.input)
  return {
    pyramid: gridOf({ input: paddedSize(resized), model: { config, thresholds: null } }),
    toSource: { x: tile.width / resized.width, y: tile.height / resized.height },
  }
}

async function* candidatesOf({
  key,
  cacheFolder,
  images,
}: CachedModel): AsyncGenerator<{ id: number; found: ImageCandidates }> {
  const cache = new CandidateCache(cacheFolder)
  for (const image of images) {
    yield { id: image.id, found: await cache.require(key, image.key) }
  }
}

/** Classes that the project lacks get unused ids, so that their detections are counted and left out. */
const classIdsOf = ({ model: { config } }: ImageCandidates, classes: Classes): number[] =>
  matchClasses(config.classes, classes).map((id, label) => id ?? -1 - label)

function select(
  imageId: number,
  { candidates, model }: ImageCandidates,
  classIds: readonly number[],
  centerness: boolean,
): FrozenDetection[] {
  const detector = detectorOf(model.config)
  const { quality } = detector
  return guessesOf(candidates, { ...evaluationSelection(detector), centerness }).map(
    ({ index, label, box: [x1, y1, x2, y2], score, segmentation }) => ({
      imageId,
      categoryId: classIds[label]!,
      box: [x1, y1, x2 - x1, y2 - y1],
      score,
      classScore: candidates.classScores[index]!,
      ...(segmentation && { segmentation }),
      ...(quality && { centerness: candidates.parts[quality.name]![index]! }),
    }),
  )
}
