/**
 * A run's log as JSON lines, one per step in rising order. Each line is one write, so that a killed process leaves at most
 * its last line torn; resuming cuts that off, and every line that the resumed run will write again.
 */
import { closeSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs'

/** Values JSON cannot hold (NaN, infinity) are written as null. */
export interface LogLine {
  readonly step: number
  readonly [key: string]: unknown
}

export class JsonLinesLog {
  readonly #file: number

  /** Opens or creates the log and drops every line at or after `nextStep` (0: all of them). */
  constructor(path: string, nextStep: number) {
    this.#file = openSync(path, 'a+')
    ftruncateSync(this.#file, lengthBefore(readFileSync(this.#file), nextStep))
  }

  append(line: LogLine): void {
    writeSync(this.#file, `${JSON.stringify(line)}\n`)
  }

  close(): void {
    fsyncSync(this.#file)
    closeSync(this.#file)
  }
}

/** Number of bytes before the first line that is incomplete, unreadable, or of a step at or after `nextStep`. */
function lengthBefore(bytes: Buffer, nextStep: number): number {
  let start = 0
  for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
    const step = stepOf(bytes.toString('utf8', start, end))
    if (step === undefined || step >= nextStep) break
    start = end + 1
  }
  return start
}

function stepOf(line: string): number | undefined {
  try {
    const { step } = JSON.parse(line) as Partial<LogLine>
    return typeof step === 'number' ? step : undefined
  } catch {
    return undefined
  }
}
