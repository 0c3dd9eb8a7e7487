/** The open project: there is one at a time, shown by every window. */
import { z } from 'zod'
import { FORMATS } from '../../formats/formats.ts'
import { IMAGE_STATES, SPLITS } from '../../project/model.ts'
import { method, startsJob } from './method.ts'
import { Ids, LocalPath, None, Nothing, Problems, WireErrorValue } from './values.ts'

export const ProjectSummary = z.object({
  path: LocalPath,
  name: z.string(),
  imageRoot: LocalPath,
  /** Why nothing can be changed, with the holder's name; null for the writer. */
  readOnly: WireErrorValue.nullable(),
  /** What a crash interrupted and opening took back, such as "Import labels". */
  interrupted: z.string().nullable(),
  images: z.int(),
  byState: z.record(z.enum(IMAGE_STATES), z.int()),
  bySplit: z.record(z.enum([...SPLITS, 'none']), z.int()),
  /** Images that somebody has worked on and whose files can be read: a detector learns from these. */
  labelledImages: z.int(),
  labels: z.int(),
  proposals: z.int(),
  errors: z.int(),
  /** Images that were removed from the project; their files may still be in its folder. */
  removed: z.int(),
  /** Labels of what undo would take back and redo would do again. */
  undo: z.string().nullable(),
  redo: z.string().nullable(),
})
export type ProjectSummary = z.infer<typeof ProjectSummary>

export const ScanResult = z.object({
  found: z.int(),
  added: z.int(),
  changed: z.int(),
  moved: z.int(),
  missing: z.int(),
  /** Files of images that were removed from the project: left out. */
  removed: z.int(),
  broken: z.int(),
  unreadable: z.array(z.object({ path: z.string(), reason: z.string() })).readonly(),
})
export type ScanResult = z.infer<typeof ScanResult>

export const ImportResult = z.object({
  images: z.int(),
  newImages: z.int(),
  boxes: z.int(),
  knownBoxes: z.int(),
  newClasses: z.array(z.string()).readonly(),
  /** Images whose files are not in the project's folder: left out, or taken in where that was asked for. */
  absent: z.int(),
  /** What the files say and a project has no place for: "keypoints of 3 objects". */
  notKept: z.array(z.string()).readonly(),
  problems: Problems,
})
export type ImportResult = z.infer<typeof ImportResult>

export const ExportResult = z.object({
  images: z.int(),
  emptyImages: z.int(),
  /** Images whose files cannot be read; their labels are exported, but nothing can be trained with them. */
  unreadableImages: z.int(),
  boxes: z.int(),
  /** Of the boxes, crowd regions, which are not trained on. */
  crowds: z.int(),
  /** Of the classes that have any, in the user's order. */
  perClass: z.array(z.object({ name: z.string(), boxes: z.int() })).readonly(),
  files: z.int(),
  copiedImages: z.int(),
  /** What the format cannot hold by its nature: "difficult flag of 3 objects". */
  notKept: z.array(z.string()).readonly(),
  problems: Problems,
})
export type ExportResult = z.infer<typeof ExportResult>

export const FoundLabels = z.object({
  format: z.enum(FORMATS),
  /** What to import: give it to project.import, with the format. */
  path: LocalPath,
  /** Relative to the folder of the images or of the project: '' for that folder itself, a file's path for COCO and CSV. */
  place: z.string(),
  /** Number of files with labels. */
  files: z.int(),
  /** Changes when a file is added, removed or changed. */
  fingerprint: z.string(),
  /** Why it cannot be imported as it is; null if it can. */
  obstacle: z.string().nullable(),
})
export type FoundLabels = z.infer<typeof FoundLabels>

export const PROJECT_METHODS = {
  /**
   * A folder, with a project or yet without one, or a project's file; of an image or a file of labels, its folder.
   * Errors: those of openProject and createProject.
   */
  'project.open': method(z.strictObject({ path: LocalPath }), ProjectSummary),
  /** A project in one folder over the images of another, which is then never written to. */
  'project.create': method(z.strictObject({ folder: LocalPath, imageRoot: LocalPath }), ProjectSummary),
  /** The bundled sample, copied into the user's own data at first. */
  'project.openSample': method(None, ProjectSummary),
  'project.close': method(None, Nothing),
  'project.summary': method(None, ProjectSummary.nullable()),
  /** Sets the folder where the images are now. A scan then finds them again. */
  'project.relocate': method(z.strictObject({ imageRoot: LocalPath }), ProjectSummary),
  /** A job with ScanResult. */
  'project.scan': startsJob(None, ScanResult),
  /** Assigns images to the splits, stratified by class: the given ones, or all that are not ignored. */
  'project.assignSplits': method(
    z.strictObject({
      images: Ids.nullable(),
      shares: z.strictObject({ train: z.number().min(0), val: z.number().min(0), test: z.number().min(0) }),
      seed: z.int().min(0),
    }),
    Nothing,
  ),
  /** What could be imported from a path, one entry each; if there are several, the user must choose. */
  'project.importSources': method(
    z.strictObject({ path: LocalPath }),
    z.array(z.object({ format: z.enum(FORMATS), path: LocalPath })).readonly(),
  ),
  /**
   * Labels in the project's folders that were neither imported nor declined, one entry for each data set. None while the
   * folder is being looked through for images.
   */
  'project.findLabels': method(None, z.array(FoundLabels).readonly()),
  /** Not to be offered again, until their files change. */
  'project.declineLabels': method(
    z.strictObject({ fingerprints: z.array(z.string().max(100)).readonly() }),
    Nothing,
  ),
  /**
   * A job with ImportResult. A dry run counts and changes nothing. `from` says which format is meant where a folder has
   * labels of several. Images without a file come in only with `keepAbsent`.
   */
  'project.import': startsJob(
    z.strictObject({
      path: LocalPath,
      dryRun: z.boolean(),
      from: z.enum(FORMATS).nullable().default(null),
      keepAbsent: z.boolean().default(false),
    }),
    ImportResult,
  ),
  /**
   * A job with ExportResult. `query` chooses the images (core/query). Its errors: USAGE_QUERY; DATA_EXISTS where files
   * would be replaced and may not be; DATA_FILE_NAME; IO_WRITE. Whatever goes wrong, and when it is cancelled, nothing
   * is left at `out`.
   */
  'project.export': startsJob(
    z.strictObject({
      format: z.enum(FORMATS),
      /** A folder; for COCO and CSV also a file, if the name has the extension. Null: only count. */
      out: LocalPath.nullable(),
      query: z.string(),
      copyImages: z.boolean(),
      overwrite: z.boolean(),
    }),
    ExportResult,
  ),
} as const
