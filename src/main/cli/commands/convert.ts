/** `fcos convert IN --to FORMAT OUT`: reads a data set of any format and writes it in another. */
import { CodedError } from '../../../core/contract/errors.ts'
import type { Problem } from '../../../core/formats/dataset.ts'
import { type Format, notKept, TRAITS } from '../../../core/formats/formats.ts'
import { describeProblem, ProblemLog } from '../../../core/formats/problems.ts'
import { loadDataset, writeDataset } from '../../studio/datasets/index.ts'

export interface ConvertOptions {
  readonly input: string
  readonly to: Format
  readonly out: string
  /** Folder of the input's images, where they do not lie beside the labels. */
  readonly images?: string
  /** Anything skipped or mended is an error, and nothing is written. */
  readonly strict?: boolean
  readonly overwrite?: boolean
  /** Count, but write nothing. */
  readonly dryRun?: boolean
  readonly copyImages?: boolean
}

export interface ConvertReport {
  readonly from: Format
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
}

/** Throws DATA_STRICT where `strict` finds a problem, and all errors of loadDataset and writeDataset. */
export async function runConvert(options: ConvertOptions): Promise<ConvertReport> {
  const { input, to, out, strict = false, dryRun = false } = options
  const loaded = await loadDataset(input, {
    ...(options.images !== undefined && { images: options.images }),
    missing: options.copyImages ? 'skip' : 'keep',
  })
  const { dataset, imageRoot, format: from } = loaded
  if (strict) refuse(loaded.problems)
  let result = { files: 0, copiedImages: 0, problems: [] as Problem[] }
  if (dryRun || strict) {
    const log = new ProblemLog(out)
    let files = 0
    for (const _ of TRAITS[to].write(dataset, log)) files++
    if (strict) refuse(log.problems)
    result = { files, copiedImages: 0, problems: log.problems }
  }
  if (!dryRun) {
    result = await writeDataset(dataset, {
      format: to,
      out,
      overwrite: options.overwrite ?? false,
      ...(options.copyImages && { copyImagesFrom: imageRoot }),
    })
  }
  const annotations = dataset.images.flatMap((image) => image.annotations)
  const boxesOf = Map.groupBy(annotations, (annotation) => annotation.categoryId)
  return {
    from,
    to,
    out,
    written: !dryRun,
    files: result.files,
    copiedImages: result.copiedImages,
    images: dataset.images.length,
    imagesWithoutBoxes: dataset.images.filter((image) => image.annotations.length === 0).length,
    boxes: annotations.length,
    classes: dataset.categories.map(({ id, name }) => ({ id, name, boxes: boxesOf.get(id)?.length ?? 0 })),
    problems: [...loaded.problems, ...result.problems],
    notKept: notKept(dataset, to),
  }
}

function refuse(problems: readonly Problem[]): void {
  if (problems.length === 0) return
  const others = problems.length === 1 ? '' : `, and ${problems.length - 1} more`
  throw new CodedError(
    'DATA_STRICT',
    `${describeProblem(problems[0]!)}${others}`,
    'Nothing was written; without --strict the rest is converted',
  )
}

/** The report for people. Every problem has its line. */
export function renderConvert(report: ConvertReport): string {
  const { from, to, out, written, files, copiedImages } = report
  const count = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`
  const copied = copiedImages > 0 ? ` and ${count(copiedImages, 'image')}` : ''
  const outcome = written
    ? `Wrote ${count(files, 'file')}${copied} to ${out}`
    : `Would write ${count(files, 'file')} to ${out}`
  return [
    ...report.problems.map(describeProblem),
    `${TRAITS[from].title} to ${TRAITS[to].title}: ${count(report.images, 'image')} (${report.imagesWithoutBoxes} without boxes), ` +
      `${count(report.boxes, 'box', 'boxes')}, ${count(report.classes.length, 'class', 'classes')}`,
    ...report.classes.map(({ id, name, boxes }) => `  ${id} ${name}: ${boxes}`),
    ...report.notKept.map((what) => `Not kept, ${TRAITS[to].title} has no place for it: ${what}`),
    outcome,
  ].join('\n')
}
