import type { ReportLadders, ReportScope } from '../../../core/contract/studio/report.ts'
import { LadderMeter, radiusLadder, sizeLadder } from '../../../core/inspect/recall.ts'
import { fcosRules } from '../../../core/inspect/setting.ts'
import type { Project } from '../project/project.ts'
import { type Watch, withLabels } from './labelled.ts'

/** Best possible recall with other input sizes and other radii of center sampling. */
export function measureLadders(
  project: Project,
  { setting, split }: ReportScope,
  watch: Watch = {},
): Promise<ReportLadders> {
  return withLabels(project, split, watch, async ({ each }) => {
    const inputSizes = new LadderMeter(sizeLadder(setting), setting.input.shortSide)
    const radii = new LadderMeter(radiusLadder(setting), fcosRules(setting)?.radius ?? 0)
    await each((image) => {
      inputSizes.add(image)
      radii.add(image)
    })
    return { inputSizes: inputSizes.result(), radii: radii.result() }
  })
}
