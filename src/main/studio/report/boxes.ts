/** The boxes behind a number of the report, and the table of all of them. */
import {
  type BoxFilter,
  LISTED_BOXES,
  type ReportBox,
  type ReportBoxes,
  type ReportScope,
} from '../../../core/contract/studio/report.ts'
import { CodedError } from '../../../core/errors.ts'
import type { Size } from '../../../core/geometry/box.ts'
import { type BoxRow, boxListLines, boxRows } from '../../../core/inspect/box-list.ts'
import { describeCure } from '../../../core/inspect/cures.ts'
import { imageInspector } from '../../../core/inspect/image.ts'
import { isSized } from '../../../core/inspect/setting.ts'
import { requireFree } from '../../files/replace-file.ts'
import { givingWay } from '../datasets/give-way.ts'
import { Output } from '../datasets/output.ts'
import type { Project } from '../project/project.ts'
import { boxFilter } from './box-filter.ts'
import { type Watch, withLabels } from './labelled.ts'

/** The boxes for which a filter holds, with what would help those that no location learns. */
export function listBoxes(
  project: Project,
  { setting, split, filter }: ReportScope & { readonly filter: BoxFilter },
  watch: Watch = {},
): Promise<ReportBoxes> {
  return withLabels(project, split, watch, async ({ project: snapshot, each }) => {
    const inspect = imageInspector(setting)
    const holds = boxFilter(filter, setting)
    const boxes: ReportBox[] = []
    let count = 0
    await each((image) => {
      if (!isSized(image)) return
      const found = inspect(image)
      const wanted = [...found.targets.keys()].filter((gt) => holds(found, gt))
      count += wanted.length
      const listed = wanted.slice(0, LISTED_BOXES - boxes.length)
      if (listed.length === 0) return
      const ids = snapshot.annotations
        .of(image.id)
        .filter(({ source }) => source !== 'proposed')
        .map(({ id }) => id)
      for (const row of boxRows(found, setting, listed)) boxes.push(toReportBox(row, image, ids))
    })
    return { boxes, count }
  })
}

/** Writes the table of all boxes, completely or not at all. Throws DATA_EXISTS, IO_WRITE. */
export function writeBoxes(
  project: Project,
  { setting, split, out, overwrite }: ReportScope & { readonly out: string; readonly overwrite: boolean },
  watch: Watch = {},
): Promise<{ boxes: number }> {
  return withLabels(project, split, watch, async ({ dataset, each }) => {
    requireFree(out, overwrite)
    const inspect = imageInspector(setting)
    const rows: BoxRow[] = []
    await each((image) => {
      if (isSized(image)) for (const row of boxRows(inspect(image), setting)) rows.push(row)
    })
    const output = new Output(out, true)
    try {
      await output.write('boxes.csv', boxListLines(rows, dataset.categories), givingWay(watch.signal))
      await output.settle()
    } catch (cause) {
      if (watch.signal?.aborted) throw cause
      throw new CodedError('IO_WRITE', `Cannot write ${out}: ${(cause as Error).message}`, undefined, {
        cause,
      })
    } finally {
      await output.discard()
    }
    return { boxes: rows.length }
  })
}

function toReportBox(
  { imageId, fileName, annotation, categoryId, box, sizeClass, perLevel, lost, cause, cure }: BoxRow,
  { width, height }: Size,
  ids: readonly number[],
): ReportBox {
  return {
    image: imageId,
    path: fileName,
    annotation: ids[annotation]!,
    classId: categoryId,
    ...{ width, height, box, sizeClass, perLevel, lost, cause },
    cure: cure && describeCure(cure),
  }
}
