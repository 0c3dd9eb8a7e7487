/** Projects: images, labels, classes and their history in one SQLite file. Start at project.ts. */
export { datasetOf, type ExportOptions, exportDataset } from './export.ts'
export { findLabels, settleLabels, settleLabelsAt } from './found-labels.ts'
export type { Gesture, Step, StepEffect } from './history.ts'
export { type ImportOptions, type ImportReport, importDataset } from './import.ts'
export { loadForProject, requireImages } from './import-load.ts'
export { loadLabels, type OpenLabels, openLabels } from './load.ts'
export type { Holder } from './lock.ts'
export {
  alreadyThere,
  createProject,
  type OpenProjectOptions,
  openProject,
  PROJECT_FILE,
  type Project,
} from './project.ts'
export { MISSING, type ScanOptions, type ScanReport, scanImages } from './scan.ts'
export { type Summary, summarise } from './summary.ts'
