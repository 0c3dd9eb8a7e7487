/** `fcos convert IN --to FORMAT OUT`: reads a project or a data set of any format and writes it in another. */

import type { Problem } from '../../../core/formats/dataset.ts'
import { type Format, TRAITS } from '../../../core/formats/formats.ts'
import { describeProblem } from '../../../core/formats/problems.ts'
import { countOf } from '../../../core/words.ts'
import { describeUnseen, refuseProblems, type Unseen, writeDataset } from '../../studio/datasets/index.ts'
import { openLabels } from '../../studio/project/index.ts'

export interface ConvertOptions {
  readonly input: string
  /** The format to read, if there are labels in several. */
  readonly from?: Format
  readonly to: Format
  readonly out: string
  /** Folder of the input's images, if they are not beside the labels. */
  readonly images?: string
  /** Fails, and writes nothing, if anything would be skipped or repaired. */
  readonly strict?: boolean
  readonly overwrite?: boolean
  /** Count, but write nothing. */
  readonly dryRun?: boolean
  readonly copyImages?: boolean
}

export interface ConvertRun {
  readonly signal?: AbortSignal
  readonly onProgress?: (done: number, total: number) => void
}

export interface ConvertReport {
  readonly from: Format | 'project'
  readonly to: Format
  readonly out: string
  /** False for a dry run. */
  readonly written: boolean
  readonly files: number
  readonly copiedImages: number
  readonly images: number
  readonly imagesWithoutBoxes: number
  readonly boxes: number
  readonly classes: readonly { readonly id: number; readonly name: string; readonly boxes: number }[]
  readonly problems: readonly Problem[]
  /** What the output format cannot hold: "difficult flag of 3 objects". */
  readonly notKept: readonly string[]
  /** What the input has and our data sets cannot store: "keypoints of 3 objects". */
  readonly notRead: readonly string[]
  /** Images whose picture could not be compared with their labels. */
  readonly unseen: readonly Unseen[]
}

/** Throws DATA_STRICT where `strict` finds a problem, and all errors of openLabels and writeDataset. */
export async function runConvert(options: ConvertOptions, run: ConvertRun = {}): Promise<ConvertReport> {
  const { input, to, out, images, strict = false, overwrite = false, dryRun = false } = options
  const labels = await openLabels(input, {
    ...(images !== undefined && { images }),
    ...(options.from && { from: options.from }),
    missing: options.copyImages ? 'skip' : 'keep',
    ...run,
  })
  try {
    if (strict) refuseProblems(labels.problems)
    const { dataset, imageRoot, format } = labels
    const { survey, ...written } = await writeDataset(dataset, {
      ...{ format: to, out, strict, overwrite, dryRun },
      ...(options.copyImages && { copyImagesFrom: imageRoot }),
      ...run,
    })
    const { images: count, imagesWithoutBoxes, boxes } = survey
    return {
      ...{ from: format, to, out, written: !dryRun },
      ...{ files: written.files, copiedImages: written.copiedImages },
      ...{ images: count, imagesWithoutBoxes, boxes },
      classes: dataset.categories.map(({ id, name }) => ({ id, name, boxes: survey.boxesOf(id) })),
      problems: [...labels.problems, ...written.problems],
      notKept: written.notKept,
      notRead: labels.notKept ?? [],
      unseen: labels.unseen ?? [],
    }
  } finally {
    labels.close()
  }
}

/** The report as text, with a line for every problem. */
export function renderConvert(report: ConvertReport): string {
  const { from, to, out, written, files, copiedImages } = report
  const copied = copiedImages > 0 ? ` and ${countOf(copiedImages, 'image')}` : ''
  const outcome = written
    ? `Wrote ${countOf(files, 'file')}${copied} to ${out}`
    : `Would write ${countOf(files, 'file')} to ${out}`
  return [
    ...report.problems.map(describeProblem),
    ...describeUnseen(report.unseen),
    `${from === 'project' ? 'Project' : TRAITS[from].title} to ${TRAITS[to].title}: ${countOf(report.images, 'image')} (${report.imagesWithoutBoxes} without boxes), ` +
      `${countOf(report.boxes, 'box')}, ${countOf(report.classes.length, 'class')}`,
    ...report.classes.map(({ id, name, boxes }) => `  ${id} ${name}: ${boxes}`),
    ...report.notRead.map((what) => `Not kept: ${what}`),
    ...report.notKept.map((what) => `Not kept because ${TRAITS[to].title} cannot store it: ${what}`),
    outcome,
  ].join('\n')
}
