/** What detectors that use outlines would make of a project's: FCOS with masks, and PolarMask's rays. */
import type { ReportOutlines, ReportScope } from '../../../core/contract/studio/report.ts'
import { POLARMASK } from '../../../core/detectors/polarmask/index.ts'
import {
  OUTLINE_LOSSES,
  type OutlineLoss,
  type Representability,
  representabilityAt,
} from '../../../core/detectors/polarmask/representability.ts'
import type { DatasetImage } from '../../../core/formats/dataset.ts'
import { MaskCounter } from '../../../core/inspect/mask-counter.ts'
import { type IndexedAnnotation, inputDetails, inputPyramid } from '../../../core/inspect/setting.ts'
import type { SizeRule } from '../../../core/pyramid/input-size.ts'
import type { Project } from '../project/project.ts'
import { type Watch, withLabels } from './labelled.ts'

const { assignment: RAYS } = POLARMASK.presets.lite0([])

/** Of target `gt` of an inspected image; null where it has no outline. */
export function outlineOf(
  image: DatasetImage,
  targets: readonly IndexedAnnotation[],
  boxes: Float32Array,
  input: SizeRule,
  gt: number,
): Representability | null {
  const grid = inputPyramid(image, { detector: POLARMASK.name, input, rules: RAYS })
  return representabilityAt(grid, boxes, detailsOf(image, targets, input), gt, RAYS)
}

const detailsOf = (image: DatasetImage, targets: readonly IndexedAnnotation[], input: SizeRule) =>
  inputDetails(
    image,
    targets.map(([, { segmentation }]) => segmentation),
    input,
  )

/** Null where no object has an outline. */
export function inspectOutlines(
  project: Project,
  { setting, split }: ReportScope,
  watch: Watch = {},
): Promise<ReportOutlines | null> {
  return withLabels(project, split, watch, async ({ project: snapshot, each }) => {
    if (!snapshot.database.get('SELECT 1 FROM annotation WHERE segmentation IS NOT NULL LIMIT 1')) return null
    const masks = new MaskCounter(setting)
    const outlines: Representability[] = []
    let objects = 0
    await each((image) => {
      const found = masks.add(image)
      if (!found) return
      const { targets, boxes } = found
      objects += targets.length
      for (const gt of targets.keys()) {
        const outline = outlineOf(image, targets, boxes, setting.input, gt)
        if (outline) outlines.push(outline)
      }
    })
    if (outlines.length === 0) return null
    return { objects, outlined: outlines.length, masks: masks.counts, rays: raysOf(outlines) }
  })
}

const BINS = 10

function raysOf(outlines: readonly Representability[]): ReportOutlines['rays'] {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const fromCentroid = outlines.map((outline) => outline.fromCentroid)
  const best = outlines.flatMap((outline) => outline.best ?? [])
  const counts = new Array<number>(BINS).fill(0)
  for (const iou of fromCentroid) counts[Math.min(BINS - 1, Math.floor(iou * BINS))]!++
  const having = (loss: OutlineLoss) => outlines.filter(({ losses }) => losses.includes(loss)).length
  return {
    count: RAYS.count,
    fromCentroid: {
      mean: mean(fromCentroid),
      bins: counts.map((objects, i) => ({ from: i / BINS, to: (i + 1) / BINS, objects })),
    },
    best: { mean: best.length > 0 ? mean(best) : null, unlearnable: outlines.length - best.length },
    losses: OUTLINE_LOSSES.map((loss) => ({ loss, objects: having(loss) })),
  }
}
