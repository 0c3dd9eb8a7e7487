/** COCO metrics of a model on labelled images. */
import type { EngineData, Evaluated } from '../../../core/contract/engine.ts'
import { evaluateGroundTruth } from '../../../core/evaluation/coco-metrics.ts'
import type { GroundTruth } from '../../../core/evaluation/ground-truth.ts'
import type { Detection } from '../../../core/formats/detection.ts'
import { toXywh } from '../../../core/geometry/box.ts'
import type { RgbImage } from '../../images/decode.ts'
import { detect, EVALUATION_OPTIONS } from '../detect/detector.ts'
import { overFiles } from '../detect/stream.ts'
import type { Fcos } from '../model/fcos.ts'

/** Images that cannot be read count as images without detections. null where `signal` was aborted before the end. */
export async function validate(
  model: Fcos,
  data: EngineData,
  step: number,
  signal: AbortSignal,
): Promise<Evaluated | null> {
  const detections: Detection[] = []
  const paths = data.images.map(({ path }) => path)
  const { input } = model.config
  const network = (images: readonly RgbImage[]) => detect(model, images, input, EVALUATION_OPTIONS)
  for await (const result of overFiles(paths, network, { input, batch: 1, signal })) {
    // Lets requests in: the network does not yield by itself.
    await new Promise(setImmediate)
    if ('error' in result) continue
    const imageId = data.images[result.index].id
    for (const { box, categoryId, score } of result.found) {
      detections.push({ imageId, categoryId, box: toXywh(box), score })
    }
  }
  if (signal.aborted) return null
  const { stats, perCategory } = evaluateGroundTruth(groundTruth(data), detections)
  return { step, stats, perCategory: perCategory.map(({ id, name, ap, ap50 }) => ({ id, name, ap, ap50 })) }
}

function groundTruth({ categories, images }: EngineData): GroundTruth {
  return {
    categories,
    images,
    objects: images.flatMap(({ id, boxes, categories: ids, crowds, areas }) =>
      Array.from(ids, (categoryId, i) => {
        const [x1, y1, x2, y2] = boxes.subarray(i * 4, i * 4 + 4)
        return {
          imageId: id,
          categoryId,
          box: toXywh([x1, y1, x2, y2]),
          area: areas[i],
          crowd: crowds[i] === 1,
        }
      }),
    ),
  }
}
