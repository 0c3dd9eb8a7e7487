/** A data set as the loader takes it: plain data that can be copied into a worker. */
import type { EngineData } from '../../../core/contract/engine.ts'
import type { Outlines } from '../../../core/detectors/assigner.ts'
import type { ModelConfig } from '../../../core/detectors/model-config.ts'
import { type Tile, tileSide } from '../../../core/detectors/shared/tiles.ts'
import type { BoxXyxy, Size } from '../../../core/geometry/box.ts'
import { clipRing, type Ring, signedArea, translateRing } from '../../../core/geometry/polygon.ts'
import { isWhole, type SampleRules, tiledSamples, type View, viewOf } from '../../../core/training/tiles.ts'

export interface TrainingSample {
  readonly path: string
  /** Source pixels after EXIF orientation, as the annotations count them. */
  readonly width: number
  readonly height: number
  /** [N·4] x1, y1, x2, y2 in source pixels, of a tile in its own. */
  readonly boxes: Float32Array
  /** [N] indices into the model's classes. */
  readonly classes: Int32Array
  /** [N] in the pixels of the boxes. */
  readonly outlines?: Outlines | undefined
  /** The tile that is seen of the image, or tiles without objects of which one is drawn each time; left out: all of it. */
  readonly tiles?: readonly Tile[]
}

/** Size of what is seen, in source pixels. All tiles of a sample have one size. */
export const seenSize = ({ tiles, ...whole }: Pick<TrainingSample, 'tiles' | keyof Size>): Size =>
  tiles?.[0] ?? whole

/**
 * The boxes that are targets. Crowd regions are no single object; boxes of classes that the model does not have are
 * left out as well. Difficult objects are targets: they are there to be seen. Images without boxes stay: they teach background.
 */
export function trainingSamples(
  { images }: EngineData,
  classes: ModelConfig['classes'],
  { rule, tiling, minVisible }: SampleRules,
): TrainingSample[] {
  const indexOf = new Map(classes.map(({ id }, index) => [id, index]))
  return images.flatMap(({ path, width, height, boxes, categories, crowds, outlines }) => {
    const targets = [...categories.keys()].filter((i) => crowds[i] === 0 && indexOf.has(categories[i]))
    const whole: TrainingSample = {
      path,
      width,
      height,
      boxes: Float32Array.from(targets.flatMap((i) => [...boxes.subarray(i * 4, i * 4 + 4)])),
      classes: Int32Array.from(targets, (i) => indexOf.get(categories[i]) as number),
      outlines: outlines && targets.map((i) => outlines[i] ?? null),
    }
    const side = tileSide(whole, rule, tiling)
    if (side === null) return [whole]
    const { views, empty, emptySamples } = tiledSamples(whole, side, minVisible)
    const none = { boxes: new Float32Array(), classes: new Int32Array() }
    return [
      ...views.map((view) => sampleOf(whole, view)),
      ...Array.from({ length: emptySamples }, () => ({ ...none, path, width, height, tiles: empty })),
    ]
  })
}

/** The sample in the pixels of what was decoded, where that was reduced. */
export function reducedTo(decoded: Size, sample: TrainingSample): TrainingSample {
  const { width, height } = seenSize(sample)
  if (width === 0 || height === 0 || decoded.width === width) return sample
  const [x, y] = [decoded.width / width, decoded.height / height]
  const scale = (value: number, i: number) => value * (i % 2 === 0 ? x : y)
  return {
    ...sample,
    boxes: sample.boxes.map(scale),
    outlines: sample.outlines?.map((rings) => rings?.map((ring) => ring.map(scale)) ?? null),
  }
}

/** A tile of an image, whether or not it has objects. */
export const tileOf = (whole: TrainingSample, tile: Tile, minVisible: number): TrainingSample =>
  sampleOf(whole, viewOf(tile, whole, minVisible))

function sampleOf(whole: TrainingSample, view: View): TrainingSample {
  const { x, y, width, height, objects } = view
  if (isWhole(view, whole)) return whole
  const place = (n: number): readonly Ring[] | null =>
    whole.outlines?.[n]
      ?.map((ring) => clipRing(translateRing(ring, -x, -y), [0, 0, width, height]))
      .filter((ring) => signedArea(ring) !== 0) ?? null
  const outlines = whole.outlines && new Map(objects.map((n) => [n, place(n)]))
  // An object whose outline lies elsewhere is not to be seen.
  const seen = objects.filter((n) => outlines?.get(n)?.length !== 0)
  const clipped = (n: number): BoxXyxy => {
    const [x1, y1, x2, y2] = whole.boxes.subarray(4 * n, 4 * n + 4)
    return [Math.max(0, x1 - x), Math.max(0, y1 - y), Math.min(width, x2 - x), Math.min(height, y2 - y)]
  }
  return {
    ...{ path: whole.path, width: whole.width, height: whole.height, tiles: [{ x, y, width, height }] },
    boxes: Float32Array.from(seen.flatMap(clipped)),
    classes: Int32Array.from(seen, (n) => whole.classes[n]),
    outlines: outlines && seen.map((n) => outlines.get(n) ?? null),
  }
}
