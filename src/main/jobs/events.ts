/** What the Python program says of a run, as it is written. */
import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs'
import path from 'node:path'
import type { EngineEvent } from '../../core/contract/engine.ts'
import { Fault, JOB_RUN_FILES, JobEvent } from '../../core/contract/job.ts'
import type { RunRecord } from '../../core/contract/run-record.ts'
import { type CodedError, fromWire } from '../../core/errors.ts'

type Ended = Extract<JobEvent, { kind: 'ended' }>

/** Lines of a growing file that are whole and were not read yet. */
export class LineReader {
  readonly #file: string
  #at = 0
  #rest = Buffer.alloc(0)

  constructor(file: string) {
    this.#file = file
  }

  read(): string[] {
    let descriptor: number
    try {
      descriptor = openSync(this.#file, 'r')
    } catch {
      return []
    }
    try {
      const { size } = fstatSync(descriptor)
      // It was begun anew.
      if (size < this.#at) [this.#at, this.#rest] = [0, Buffer.alloc(0)]
      const bytes = Buffer.alloc(size - this.#at)
      const count = readSync(descriptor, bytes, 0, bytes.length, this.#at)
      this.#at += count
      const all = Buffer.concat([this.#rest, bytes.subarray(0, count)])
      const end = all.lastIndexOf(10) + 1
      this.#rest = all.subarray(end)
      return all.toString('utf8', 0, end).split('\n').slice(0, -1)
    } finally {
      closeSync(descriptor)
    }
  }
}

export class EventReader {
  readonly #lines: LineReader
  readonly #record: RunRecord

  constructor(file: string, record: RunRecord) {
    this.#lines = new LineReader(file)
    this.#record = record
  }

  read(): (EngineEvent | Ended)[] {
    return this.#lines.read().flatMap((line) => eventOf(line, this.#record) ?? [])
  }
}

/** Undefined for a line that is no event. */
function eventOf(
  line: string,
  { model, options, canvas, loaded }: RunRecord,
): EngineEvent | Ended | undefined {
  const event = parsed(line)
  switch (event?.kind) {
    case 'plan':
      return { ...event, options, canvas, loaded }
    case 'step':
      return { ...event, detector: model.detector }
    case 'pinned': {
      const maps = Object.entries(event.maps).map(([name, text]) => [name, floats(text)] as const)
      return { ...event, maps: Object.fromEntries(maps) }
    }
    default:
      return event
  }
}

function parsed(line: string): JobEvent | undefined {
  if (!line.startsWith('{"kind":')) return undefined
  try {
    return JobEvent.safeParse(JSON.parse(line)).data
  } catch {
    return undefined
  }
}

function floats(base64: string): Float32Array {
  const bytes = Uint8Array.from(Buffer.from(base64, 'base64'))
  return new Float32Array(bytes.buffer, 0, bytes.length >> 2)
}

/** Undefined where the program has not said why it failed. */
export function readFault(folder: string): CodedError | undefined {
  try {
    const { code, message, remedy } = Fault.parse(
      JSON.parse(readFileSync(path.join(folder, JOB_RUN_FILES.fault), 'utf8')),
    )
    return fromWire(remedy === undefined ? { code, message } : { code, message, remedy })
  } catch {
    return undefined
  }
}
