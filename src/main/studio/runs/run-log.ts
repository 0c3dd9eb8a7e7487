/** Reads the figures that the engine writes, one JSON line per step and evaluation. */
import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { Evaluated } from '../../../core/contract/engine.ts'
import { RUN_FILES, RunRecord } from '../../../core/contract/run-record.ts'
import { COMMON_CURVES, type Curves } from '../../../core/contract/studio/runs.ts'
import { detectorOf } from '../../../core/detectors/detectors.ts'
import type { ModelConfig } from '../../../core/detectors/model-config.ts'

/** Longer than any line. */
const TAIL_BYTES = 4096

const Step = z.object({ step: z.int() }).catchall(z.unknown())

/** Steps after `after`, counted from 1. Files that are missing count as empty. */
export function readCurves(folder: string, after: number): Curves {
  const lines = records(path.join(folder, RUN_FILES.log), Step).filter(({ step }) => step >= after)
  return {
    steps: lines.map(({ step }) => step + 1),
    figures: columns(lines, readRecord(folder)?.model ?? {}),
    evaluations: readEvaluations(folder).filter(({ step }) => step > after),
  }
}

/** One column per figure of a run. Values that are not finite numbers are null. */
export function columns(
  lines: readonly Readonly<Record<string, unknown>>[],
  model: Pick<ModelConfig, 'detector'>,
): Curves['figures'] {
  const { losses, figures } = detectorOf(model)
  const names = [...COMMON_CURVES, ...[...losses, ...figures].map(({ name }) => name)]
  const column = (name: string): [string, (number | null)[]] => [
    name,
    lines.map(({ [name]: value }) => (typeof value === 'number' && Number.isFinite(value) ? value : null)),
  ]
  return Object.fromEntries(names.map(column))
}

/** Undefined before the engine has begun. */
export function readRecord(folder: string): RunRecord | undefined {
  try {
    return RunRecord.parse(JSON.parse(readFileSync(path.join(folder, RUN_FILES.record), 'utf8')))
  } catch {
    return undefined
  }
}

/** In the order of their steps, counted from 1. */
export function readEvaluations(folder: string): Evaluated[] {
  const lines = records(path.join(folder, RUN_FILES.evaluations), Evaluated)
  return lines.map((line) => ({ ...line, step: line.step + 1 }))
}

/** Number of completed steps, from the log's last line. */
export function lastStep(folder: string): number {
  const last = parseLines(tail(path.join(folder, RUN_FILES.log)), Step).at(-1)
  return last ? last.step + 1 : 0
}

/** Incomplete lines, such as the last one of a killed engine, and lines of other records are skipped. */
function records<T>(file: string, schema: z.ZodType<T>): T[] {
  try {
    return parseLines(readFileSync(file, 'utf8'), schema)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

function parseLines<T>(text: string, schema: z.ZodType<T>): T[] {
  return text.split('\n').flatMap((line) => {
    try {
      return schema.safeParse(JSON.parse(line)).data ?? []
    } catch {
      return []
    }
  })
}

function tail(file: string): string {
  let handle: number
  try {
    handle = openSync(file, 'r')
  } catch {
    return ''
  }
  try {
    const { size } = fstatSync(handle)
    const bytes = Buffer.alloc(Math.min(size, TAIL_BYTES))
    readSync(handle, bytes, 0, bytes.length, size - bytes.length)
    return bytes.toString('utf8')
  } finally {
    closeSync(handle)
  }
}
