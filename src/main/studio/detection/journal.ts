/**
 * Keeps the detections of a long job as one JSON line per image. Memory use stays flat, and an interrupted job
 * continues where it stopped.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import type { WireError } from '../../../core/errors.ts'
import type { DetectedImage } from './results.ts'

export type JournalEntry = DetectedImage | { readonly fileName: string; readonly error: WireError }

const PIECE = 2 ** 16

export class Journal {
  readonly #file: string
  readonly #descriptor: number

  /**
   * Continues the file if it begins with the same `head`, and otherwise starts it again. An incomplete last line,
   * left by a crash, is cut off.
   * @param head what the job is about, on one line
   */
  constructor(file: string, head: string) {
    this.#file = file
    const kept = existsSync(file) ? wholeLines(file, head) : 0
    if (kept > 0) truncateSync(file, kept)
    else writeFileSync(file, `${head}\n`)
    this.#descriptor = openSync(file, 'a')
  }

  add(entry: JournalEntry): void {
    writeSync(this.#descriptor, `${JSON.stringify(entry)}\n`)
  }

  /** All entries so far, read from the file each time. */
  *entries(): Generator<JournalEntry> {
    let isHead = true
    for (const { line } of linesOf(this.#file)) {
      if (!isHead) yield JSON.parse(line) as JournalEntry
      isHead = false
    }
  }

  close(): void {
    fsyncSync(this.#descriptor)
    closeSync(this.#descriptor)
  }
}

/** Number of bytes of the complete lines; 0 for the journal of another job. */
function wholeLines(file: string, head: string): number {
  let end = 0
  for (const { line, after } of linesOf(file)) {
    if (end === 0 && line !== head) return 0
    end = after
  }
  return end
}

/** Complete lines, each with the offset of the byte after it. */
function* linesOf(file: string): Generator<{ readonly line: string; readonly after: number }> {
  const descriptor = openSync(file, 'r')
  try {
    const piece = Buffer.alloc(PIECE)
    let rest: Buffer = Buffer.alloc(0)
    let after = 0
    for (;;) {
      const count = readSync(descriptor, piece)
      if (count === 0) return
      rest = Buffer.concat([rest, piece.subarray(0, count)])
      for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
        after += end + 1
        yield { line: rest.toString('utf8', 0, end), after }
        rest = rest.subarray(end + 1)
      }
    }
  } finally {
    closeSync(descriptor)
  }
}
