import type {
  DetectorsScope,
  ReportDetectors,
  ReportInspection,
  ReportScope,
} from '../../../core/contract/studio/report.ts'
import { AnchorMeter, noAnchorRecall } from '../../../core/inspect/anchors.ts'
import { DetectorComparison } from '../../../core/inspect/detector-comparison.ts'
import { Inspector } from '../../../core/inspect/report.ts'
import type { Project } from '../project/project.ts'
import { type Watch, withLabels } from './labelled.ts'

/** Recall, ambiguity, levels and shapes of all boxes, with RetinaNet's anchors beside them. */
export function inspectProject(
  project: Project,
  { setting, split }: ReportScope,
  watch: Watch = {},
): Promise<ReportInspection> {
  return withLabels(project, split, watch, async ({ dataset, leftOut, each }) => {
    const inspector = new Inspector(dataset.categories, setting)
    const anchors = new AnchorMeter(setting.input)
    await each((image) => {
      inspector.add(image)
      anchors.add(image)
    })
    const { unsized, unlearnable, starved, perCategory, perSize, ...inspection } = inspector.result()
    return {
      ...inspection,
      leftOut,
      unsized: unsized.length,
      unlearnable: unlearnable.length,
      starved: starved.length,
      perCategory: perCategory.map((entry) => ({
        ...entry,
        anchors: anchors.perCategory.get(entry.id) ?? noAnchorRecall(),
      })),
      perSize: perSize.map((entry, i) => ({ ...entry, anchors: anchors.perSize[i]! })),
      anchors: anchors.recall,
    }
  })
}

/** Which boxes each of several detectors could learn. */
export function compareDetectors(
  project: Project,
  { settings, split }: DetectorsScope,
  watch: Watch = {},
): Promise<ReportDetectors> {
  return withLabels(project, split, watch, async ({ dataset, each }) => {
    const comparison = new DetectorComparison(dataset.categories, settings)
    await each((image) => comparison.add(image))
    return {
      detectors: comparison.result(),
      categories: dataset.categories.map(({ id, name }) => ({ id, name })),
    }
  })
}
