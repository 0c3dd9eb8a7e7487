/**
 * Detection cut into shards: each writes a part, here or on a cluster, and the parts become one list of results. A part is JSON
 * lines: what it is about, then an image a line, in the order of the list. One that was cut off is gone on with.
 */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, createWriteStream, mkdirSync, readdirSync } from 'node:fs'
import { open } from 'node:fs/promises'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { finished } from 'node:stream/promises'
import { z } from 'zod'
import { Fault } from '../../core/contract/job.ts'
import { CodedError, type WireError } from '../../core/errors.ts'

/** What all parts of a detection have in common, but for `shard`. */
export const PartHead = z.strictObject({
  format: z.literal('fcos-studio-part'),
  version: z.literal(1),
  /** SHA-256 of the list of images. */
  images: z.string(),
  /** Images of the whole list, and the shards that it is cut into. */
  count: z.int().positive(),
  shards: z.int().positive(),
  /** SHA-256 of the model's file. */
  model: z.string(),
  classes: z.array(z.strictObject({ id: z.int(), name: z.string() })),
  rules: z.strictObject({
    score: z.number(),
    nms: z.number(),
    /** Detections per image that a part keeps, for each tile; before `least` applies. */
    limit: z.int(),
    /** Detections per image, for each tile, that merging keeps. */
    most: z.int(),
    size: z.int().nullable(),
    /** Of the engine's detect request. */
    tile: z.union([z.enum(['auto', 'off']), z.int()]),
    /** [K] minimum score of each class, which merging applies; null: the class is not wanted. */
    least: z.array(z.number().nullable()),
  }),
  /** From 1. */
  shard: z.int().positive(),
})
export type PartHead = z.infer<typeof PartHead>

const Detected = z.object({
  id: z.int(),
  fileName: z.string(),
  width: z.int(),
  height: z.int(),
  cut: z.boolean().default(false),
  /** Number of tiles, of an image that was detected in tiles. */
  tiles: z.int().optional(),
  detections: z.array(
    z.object({
      box: z.tuple([z.number(), z.number(), z.number(), z.number()]),
      categoryId: z.int(),
      score: z.number(),
    }),
  ),
})
const Entry = z.union([Detected, z.object({ fileName: z.string(), error: Fault })])
export type PartEntry = z.infer<typeof Detected> | { readonly fileName: string; readonly error: WireError }

/** Images of a shard: [from, to) of the list. Shards differ by one image at most. */
export function shardRange(count: number, shards: number, shard: number): { from: number; to: number } {
  return { from: Math.floor(((shard - 1) * count) / shards), to: Math.floor((shard * count) / shards) }
}

export const partName = (shard: number): string => `part-${String(shard).padStart(5, '0')}.jsonl`

/** What Python's json.dumps and JSON.stringify agree on: the first line of a part. */
export const headLine = (head: PartHead): string => JSON.stringify(PartHead.parse(head))

export interface ListedImage {
  readonly id: number
  readonly fileName: string
  readonly path: string
}

/** Tells lists of images apart. */
export class ListDigest {
  readonly #hash = createHash('sha256')

  add({ id, fileName }: Pick<ListedImage, 'id' | 'fileName'>): void {
    this.#hash.update(`${id}\0${fileName}\0`)
  }

  end(): string {
    return this.#hash.digest('hex')
  }
}

/**
 * Writes the list of a detection on a cluster, an image a line, never more of it in memory than a line.
 *
 * @returns where each shard begins, in bytes, with its number of images
 */
export async function writeList(
  file: string,
  images: Iterable<ListedImage>,
  count: number,
  shards: number,
): Promise<{ readonly at: number; readonly count: number }[]> {
  mkdirSync(path.dirname(file), { recursive: true })
  const out = createWriteStream(file)
  const begun: { at: number; count: number }[] = []
  let [at, index, shard] = [0, 0, 0]
  for (const image of images) {
    if (shard < shards && index === shardRange(count, shards, shard + 1).from) {
      const { from, to } = shardRange(count, shards, ++shard)
      begun.push({ at, count: to - from })
    }
    const line = `${JSON.stringify(image)}\n`
    at += Buffer.byteLength(line)
    index++
    if (!out.write(line)) await once(out, 'drain')
  }
  out.end()
  await finished(out)
  return begun
}

export interface Merged {
  readonly head: PartHead
  /** In the order of the list. */
  entries(): AsyncGenerator<PartEntry>
}

/**
 * The parts in a folder, if they are all there and belong together.
 *
 * @throws CodedError USAGE_PARTS, naming the part that is missing, not complete or of another detection.
 */
export async function openParts(folder: string): Promise<Merged> {
  const names = new Set(listed(folder).filter((name) => /^part-\d+\.jsonl$/.test(name)))
  const [first] = names
  if (first === undefined)
    throw new CodedError(
      'USAGE_PARTS',
      `${folder} has no parts of a detection`,
      'Give the folder of the parts',
    )
  const head = await headOf(path.join(folder, first))
  const missing: number[] = []
  for (let shard = 1; shard <= head.shards; shard++) {
    const name = partName(shard)
    if (!names.delete(name)) {
      missing.push(shard)
      continue
    }
    const own = await headOf(path.join(folder, name))
    if (headLine({ ...own, shard: 1 }) !== headLine({ ...head, shard: 1 }) || own.shard !== shard) {
      const why = `${path.join(folder, name)} is of another detection than ${first}: other images, model or options`
      throw new CodedError('USAGE_PARTS', why, 'Keep the parts of each detection in a folder of their own')
    }
  }
  if (missing.length > 0) {
    throw new CodedError(
      'USAGE_PARTS',
      `${folder} lacks ${missing.length} of ${head.shards} parts: ${missing.slice(0, 10).join(', ')}${missing.length > 10 ? ' …' : ''}`,
      'Run the same command with --shard for each of them',
    )
  }
  const [strange] = names
  if (strange !== undefined) {
    throw new CodedError(
      'USAGE_PARTS',
      `${path.join(folder, strange)} is none of the ${head.shards} parts`,
      'Remove it',
    )
  }
  return {
    head,
    async *entries() {
      for (let shard = 1; shard <= head.shards; shard++) yield* entriesOf(folder, head, shard)
    },
  }
}

async function* entriesOf(folder: string, head: PartHead, shard: number): AsyncGenerator<PartEntry> {
  const file = path.join(folder, partName(shard))
  const { from, to } = shardRange(head.count, head.shards, shard)
  let line = 0
  for await (const text of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    if (line++ === 0 || text === '') continue
    const parsed = Entry.safeParse(parse(text))
    if (!parsed.success)
      throw new CodedError(
        'USAGE_PARTS',
        `${file}: line ${line} is damaged`,
        `Remove it and run shard ${shard} again`,
      )
    yield parsed.data as PartEntry
  }
  if (line - 1 !== to - from) {
    throw new CodedError(
      'USAGE_PARTS',
      `${file} has ${line - 1} of its ${to - from} images`,
      `Run shard ${shard} again: it goes on where it was`,
    )
  }
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder).sort()
  } catch (cause) {
    throw new CodedError('USAGE_PARTS', `${folder} cannot be read`, 'Give the folder of the parts', { cause })
  }
}

/** More than any head. */
const HEAD_BYTES = 2 ** 20

async function headOf(file: string): Promise<PartHead> {
  const handle = await open(file)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0)
    const text = buffer.toString('utf8', 0, bytesRead)
    const parsed = PartHead.safeParse(parse(text.slice(0, Math.max(0, text.indexOf('\n')))))
    if (parsed.success) return parsed.data
    throw new CodedError('USAGE_PARTS', `${file} is no part of a detection`, 'Remove it')
  } finally {
    await handle.close()
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
