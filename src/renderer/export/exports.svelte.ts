/** The window's four exports, and which of them is shown. */
import type { ModelExport, ReportExport } from '../../core/contract/studio/exports.ts'
import type { FilesReport } from '../../core/contract/studio/models.ts'
import type { ExportResult } from '../../core/contract/studio/project.ts'
import type { Studio } from '../session/studio.svelte.ts'
import { ExportTask } from './export-task.svelte.ts'

export const KINDS = ['labels', 'detections', 'model', 'report'] as const
export type Kind = (typeof KINDS)[number]

export class Exports {
  shown = $state<Kind>('labels')
  readonly labels: ExportTask<ExportResult>
  readonly detections: ExportTask<FilesReport>
  readonly model: ExportTask<ModelExport>
  readonly report: ExportTask<ReportExport>

  constructor(studio: Studio) {
    this.labels = new ExportTask(studio)
    this.detections = new ExportTask(studio)
    this.model = new ExportTask(studio)
    this.report = new ExportTask(studio)
  }
}
