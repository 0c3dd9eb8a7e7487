/** `fcos inspect`: what a detector would learn from a data set, before any training. */

import { existsSync, readFileSync, statSync } from 'node:fs'
import { detectorOf } from '../../../core/detectors/detectors.ts'
import { CodedError } from '../../../core/errors.ts'
import type { Dataset } from '../../../core/formats/dataset.ts'
import { AnchorMeter, type AnchorRecall } from '../../../core/inspect/anchors.ts'
import { type BoxRow, boxListCsv, boxRows } from '../../../core/inspect/box-list.ts'
import { type Cure, describeCure } from '../../../core/inspect/cures.ts'
import { type Ladder, LadderMeter, radiusLadder, sizeLadder } from '../../../core/inspect/recall.ts'
import { type Inspection, Inspector, type UnlearnableAnnotation } from '../../../core/inspect/report.ts'
import { fcosRules } from '../../../core/inspect/setting.ts'
import { writeOutput } from '../files.ts'

export interface InspectCommandOptions {
  /** The network's input: images are scaled to fit size × size pixels, as in the training of lite0. */
  readonly size: number
  /** Name of the detector; FCOS if undefined. */
  readonly detector?: string
  /** Path of a table of all boxes to write. */
  readonly csv?: string
}

/** What would make an annotation learnable, or null if nothing that was tried helps. */
export interface Cured extends UnlearnableAnnotation {
  readonly cure: (Cure & { readonly text: string }) | null
}

export interface InspectReport extends Inspection {
  readonly unlearnable: readonly Cured[]
  readonly anchors: Readonly<AnchorRecall>
  readonly inputSizes: Ladder
  readonly radii: Ladder
  readonly csv?: string
}

/** @throws CodedError IO_WRITE */
export async function runInspect(
  { categories, images }: Dataset,
  { size, detector, csv }: InspectCommandOptions,
  onProgress: (done: number, total: number) => void = () => undefined,
): Promise<InspectReport> {
  const rules = detectorOf({ detector }).presets.lite0([]).assignment
  const setting = { detector, input: { shortSide: size, longSide: size }, rules }
  const sizes = new LadderMeter(sizeLadder(setting), size)
  const radii = new LadderMeter(radiusLadder(setting), fcosRules(setting)?.radius ?? 0)
  const total = images.length * 4
  let done = 0

  const inspector = new Inspector(categories, setting)
  const anchors = new AnchorMeter(setting.input)
  const rows: BoxRow[] = []
  for (const image of images) {
    const found = inspector.add(image)
    const hasUnlearnable = found?.targets.some((_, gt) => found.shares.positives[gt] === 0)
    if (found && (csv !== undefined || hasUnlearnable)) {
      for (const row of boxRows(found, setting)) rows.push(row)
    }
    onProgress(++done, total)
  }
  for (const meter of [anchors, sizes, radii]) {
    for (const image of images) {
      meter.add(image)
      onProgress(++done, total)
    }
  }
  const inspection = inspector.result()
  const levels = inspection.perLevel.map(({ name }) => name)
  if (csv !== undefined) await writeList(csv, boxListCsv(rows, categories, levels))

  const cures = rows.filter(({ cause }) => cause !== null).map(({ cure }) => cure)
  return {
    ...inspection,
    unlearnable: inspection.unlearnable.map((box, i) => {
      const cure = cures[i]
      return { ...box, cure: cure ? { ...cure, text: describeCure(cure) } : null }
    }),
    anchors: anchors.recall,
    inputSizes: sizes.result(),
    radii: radii.result(),
    ...(csv !== undefined && { csv }),
  }
}

/** Replaces only an earlier list, because a CSV file of the same name may hold the labels. Throws DATA_EXISTS. */
async function writeList(file: string, list: string): Promise<void> {
  const [head] = list.split('\n', 1)
  const earlier = existsSync(file) && statSync(file).isFile() ? readFileSync(file, 'utf8') : undefined
  if (earlier !== undefined && earlier.trim() !== '' && earlier.split('\n', 1)[0]!.trim() !== head!.trim()) {
    throw new CodedError(
      'DATA_EXISTS',
      `${file} already exists and is not a list written by this command`,
      'Give another --csv',
    )
  }
  await writeOutput(file, list)
}
