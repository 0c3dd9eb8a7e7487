/**
 * TensorBoard event files: TFRecord framing around tensorflow.Event messages (event.proto, summary.proto), encoded by hand
 * since scalars need four fields of them.
 */
import { closeSync, fsyncSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { maskedCrc32c } from './crc32c.ts'

/** A new event file in `directory`; TensorBoard reads all files of a directory as one run, in the order of their names. */
export class TensorBoardLog {
  readonly #file: number

  /** @param nextStep points at or after it, written by an earlier process, are disowned: a resumed run writes them again */
  constructor(directory: string, nextStep: number, now = Date.now()) {
    mkdirSync(directory, { recursive: true })
    // Milliseconds after the seconds that TensorBoard expects keep files of quick restarts apart and in order.
    const name = `events.out.tfevents.${Math.floor(now / 1000)}.${String(now % 1000).padStart(3, '0')}.fcos`
    this.#file = openSync(join(directory, name), 'wx')
    this.#write(event(now, 0, text(FIELD.fileVersion, 'brain.Event:2')))
    if (nextStep > 0)
      this.#write(event(now, nextStep, message(FIELD.sessionLog, varintField(1, SESSION_START))))
  }

  /** One event with a scalar per tag, such as { 'loss/box': 0.3 }. */
  scalars(step: number, values: Readonly<Record<string, number>>, now = Date.now()): void {
    const summary = Object.entries(values).map(([tag, value]) =>
      message(FIELD.value, text(FIELD.tag, tag), float(FIELD.simpleValue, value)),
    )
    this.#write(event(now, step, message(FIELD.summary, ...summary)))
  }

  close(): void {
    fsyncSync(this.#file)
    closeSync(this.#file)
  }

  #write(payload: Buffer): void {
    writeSync(this.#file, record(payload))
  }
}

/** Field numbers: Event 1, 2, 3, 5, 7; Summary.value 1; Summary.Value 1, 2. */
const FIELD = {
  wallTime: 1,
  step: 2,
  fileVersion: 3,
  summary: 5,
  sessionLog: 7,
  value: 1,
  tag: 1,
  simpleValue: 2,
} as const

/** SessionLog.SessionStatus.START: TensorBoard then purges the points at or after the event's step. */
const SESSION_START = 1

/** TFRecord: length as uint64 and its masked CRC, then the data and their masked CRC, little-endian. */
function record(data: Buffer): Buffer {
  const out = Buffer.alloc(12 + data.length + 4)
  out.writeBigUInt64LE(BigInt(data.length), 0)
  out.writeUInt32LE(maskedCrc32c(out.subarray(0, 8)), 8)
  data.copy(out, 12)
  out.writeUInt32LE(maskedCrc32c(data), 12 + data.length)
  return out
}

const event = (now: number, step: number, what: Buffer): Buffer =>
  Buffer.concat([double(FIELD.wallTime, now / 1000), varintField(FIELD.step, step), what])

// Protocol buffers' wire types: 0 varint, 1 eight bytes, 2 length and bytes, 5 four bytes.
const key = (field: number, wireType: number): Buffer => varint((field << 3) | wireType)

function varint(value: number): Buffer {
  const bytes: number[] = []
  // Division, not shifts: steps may pass 32 bits.
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) | 128)
  return Buffer.from([...bytes, value])
}

/** Nothing for 0: proto3 leaves defaults out. */
const varintField = (field: number, value: number): Buffer =>
  value === 0 ? Buffer.alloc(0) : Buffer.concat([key(field, 0), varint(value)])

const text = (field: number, value: string): Buffer => message(field, Buffer.from(value))

function message(field: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts)
  return Buffer.concat([key(field, 2), varint(body.length), body])
}

function double(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleLE(value)
  return Buffer.concat([key(field, 1), bytes])
}

function float(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeFloatLE(value)
  return Buffer.concat([key(field, 5), bytes])
}
