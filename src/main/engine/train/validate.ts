/** COCO metrics of a model on labelled images: of boxes, and of masks too where it finds outlines. */
import type { EngineData, Evaluated } from '../../../core/contract/engine.ts'
import { type Tiling, type TilingRule, tileSide } from '../../../core/detectors/shared/tiles.ts'
import type { WireError } from '../../../core/errors.ts'
import { evaluateGroundTruth } from '../../../core/evaluation/coco-metrics.ts'
import type { GroundTruth } from '../../../core/evaluation/ground-truth.ts'
import type { Detection } from '../../../core/formats/detection.ts'
import { type Size, toXywh } from '../../../core/geometry/box.ts'
import { rectangleRing } from '../../../core/geometry/polygon.ts'
import { rleOfPolygons, rleOfRings } from '../../../core/geometry/rle.ts'
import type { RgbImage } from '../../images/decode.ts'
import type { LargeImage } from '../../images/region.ts'
import { evaluationOptions } from '../detect/options.ts'
import { tensorflowRunner } from '../detect/raw-outputs.ts'
import { overFiles } from '../detect/stream.ts'
import { detectOne } from '../detect/tiled.ts'
import type { Network } from '../model/network.ts'

/** What came of measuring; null where nothing could be measured. */
export type Validation =
  | { readonly complete: true; readonly evaluation: Evaluated | null }
  | { readonly complete: false }

/**
 * Images that cannot be read, or are not of the size that their labels count in, are left out, as in training. Those that are much
 * larger than what is learnt from are taken in tiles, as in detection.
 *
 * @param tiles by which images are tiled, as in training.
 * @param leaveOut is told of each of them.
 * @returns that it is not complete where `signal` was aborted before the end.
 */
export async function validate(
  model: Network,
  data: EngineData,
  { rule, tiling }: { readonly rule: TilingRule; readonly tiling: Tiling },
  step: number,
  signal: AbortSignal,
  leaveOut: (error: WireError) => void,
): Promise<Validation> {
  const detections: Detection[] = []
  // Where no object has an outline, masks would be boxes again.
  const masks = model.detector.learnsOutlines === true && data.images.some(({ outlines }) => outlines)
  const sizes = new Map<number, Size>()
  const left = new Set<number>()
  const files = data.images.map(({ path, width, height }) => ({ path, size: { width, height } }))
  const { input } = model.config
  const runner = tensorflowRunner(model)
  const network = async ([image]: readonly (RgbImage | LargeImage)[]) => {
    const side = tileSide(image, rule, tiling)
    return [(await detectOne(runner, image, input, evaluationOptions(model.detector), side)).detections]
  }
  for await (const result of overFiles(files, network, { input, batch: 1, signal })) {
    // Lets requests in: the network does not yield by itself.
    await new Promise(setImmediate)
    if ('error' in result) {
      left.add(result.index)
      leaveOut(result.error)
      continue
    }
    const { id: imageId } = data.images[result.index]
    const { width, height } = result.image
    sizes.set(imageId, { width, height })
    for (const { box, categoryId, score, segmentation } of result.found) {
      const mask = masks && rleOfPolygons(segmentation ?? [rectangleRing(box)], width, height)
      detections.push({ imageId, categoryId, box: toXywh(box), score, ...(mask && { mask }) })
    }
  }
  if (signal.aborted) return { complete: false }
  const images = data.images.filter((_, index) => !left.has(index))
  if (images.length === 0) return { complete: true, evaluation: null }
  const truth = groundTruth({ ...data, images }, masks ? sizes : null)
  const { stats, perCategory } = evaluateGroundTruth(truth, detections)
  const classes = perCategory.map(({ id, name, ap, ap50 }) => ({ id, name, ap, ap50 }))
  const maskStats = masks && { maskStats: evaluateGroundTruth(truth, detections, 'segm').stats }
  return { complete: true, evaluation: { step, stats, ...maskStats, perCategory: classes } }
}

/** @param sizes of the images, for masks; that of an object without an outline is the rectangle of its box, as it is learnt. */
function groundTruth(
  { categories, images }: EngineData,
  sizes: ReadonlyMap<number, Size> | null,
): GroundTruth {
  return {
    categories,
    images,
    objects: images.flatMap(({ id, boxes, categories: ids, crowds, areas, outlines }) =>
      Array.from(ids, (categoryId, i) => {
        const [x1, y1, x2, y2] = boxes.subarray(i * 4, i * 4 + 4)
        const size = sizes?.get(id)
        const rings = outlines?.[i] ?? [rectangleRing([x1, y1, x2, y2])]
        return {
          imageId: id,
          categoryId,
          box: toXywh([x1, y1, x2, y2]),
          area: areas[i],
          crowd: crowds[i] === 1,
          ...(size && { mask: rleOfRings(rings, size.width, size.height) }),
        }
      }),
    ),
  }
}
