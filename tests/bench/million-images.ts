/**
 * 1,000,000 images through pack, shards, a shard that is cut off, resume and merge, with a detector that answers at once:
 *
 *   node tests/bench/million-images.ts [IMAGES]
 *
 * Files are 1,000,000 hard links of one picture, so that listing is real. Prints seconds, memory and bytes.
 */
import { linkSync, mkdirSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import {
  headLine,
  ListDigest,
  openParts,
  type PartHead,
  partName,
  shardRange,
  writeList,
} from '../../src/main/jobs/detection-parts.ts'
import { IMAGE_FILE, listFiles } from '../../src/main/studio/datasets/files.ts'
import { Journal } from '../../src/main/studio/detection/journal.ts'
import { resultWriter } from '../../src/main/studio/detection/results.ts'

const COUNT = Number(process.argv[2] ?? 1_000_000)
const SHARDS = 16
/** A file system holds so many links of one file at most. */
const LINKS = 60_000
const PER_FOLDER = 10_000

const folder = mkdtempSync(path.join(tmpdir(), 'fcos-million-'))
const started = performance.now()
let peak = 0
const watch = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage().rss)
}, 20)
let before = started

function said(what: string): void {
  const now = performance.now()
  const { rss } = process.memoryUsage()
  console.log(
    `${what}: ${((now - before) / 1000).toFixed(1)} s, ${Math.round(rss / 2 ** 20)} MB now, ${Math.round(Math.max(peak, rss) / 2 ** 20)} MB at most`,
  )
  before = now
  peak = 0
}

const images = path.join(folder, 'images')
let origin = ''
for (let i = 0; i < COUNT; i++) {
  const at = path.join(images, String(Math.floor(i / PER_FOLDER)).padStart(4, '0'))
  const file = path.join(at, `${String(i).padStart(8, '0')}.jpg`)
  if (i % PER_FOLDER === 0) mkdirSync(at, { recursive: true })
  if (i % LINKS === 0) {
    origin = file
    writeFileSync(file, 'the bytes of a picture')
  } else linkSync(origin, file)
}
said(`${COUNT} files`)

const names = await listFiles(images, IMAGE_FILE, Number.POSITIVE_INFINITY, true)
said('listed')

const digest = new ListDigest()
for (const [i, fileName] of names.entries()) digest.add({ id: i + 1, fileName })
const head: PartHead = {
  ...{ format: 'fcos-studio-part', version: 1, images: digest.end(), count: names.length, shards: SHARDS },
  ...{ model: 'a model', classes: [{ id: 1, name: 'thing' }] },
  ...{
    rules: { score: 0.05, nms: 0.6, limit: 100, most: 100, size: null, tile: 'auto', least: [0.05] },
    shard: 1,
  },
}
function* listed() {
  for (const [i, fileName] of names.entries())
    yield { id: i + 1, fileName, path: path.join(images, fileName) }
}
await writeList(path.join(folder, 'images.jsonl'), listed(), names.length, SHARDS)
said(`packed, ${(statSync(path.join(folder, 'images.jsonl')).size / 1e6).toFixed(0)} MB`)

/** Three boxes in every image, none in every fourth, and one in 10,000 broken. */
function detect(shard: number): void {
  const { from, to } = shardRange(names.length, SHARDS, shard)
  const journal = new Journal(path.join(folder, 'parts', partName(shard)), headLine({ ...head, shard }))
  let done = 0
  for (const _ of journal.entries()) done++
  for (let i = from + done; i < to; i++) {
    const fileName = names[i]!
    if (i % 10_000 === 9_999) {
      journal.add({ fileName, error: { code: 'DATA_IMAGE_BROKEN', message: `${fileName}: broken` } })
      continue
    }
    const detections = Array.from({ length: i % 4 === 0 ? 0 : 3 }, (_, k) => ({
      box: [k, k, 100.25 + k, 80.5 + k] as const,
      categoryId: 1,
      score: 0.9 - 0.1 * k,
    }))
    journal.add({ id: i + 1, fileName, width: 640, height: 480, cut: false, detections })
  }
  journal.close()
}
mkdirSync(path.join(folder, 'parts'))
for (let shard = 1; shard <= SHARDS; shard++) detect(shard)
said(`${SHARDS} shards`)

const hurt = path.join(folder, 'parts', partName(7))
truncateSync(hurt, Math.floor(statSync(hurt).size / 3))
detect(7)
said('a third of a shard was left, and gone on with')

const writer = await resultWriter(path.join(folder, 'found.json'), 'coco')
let [found, broken, last] = [0, 0, 0]
for await (const entry of (await openParts(path.join(folder, 'parts'))).entries()) {
  if ('error' in entry) {
    broken++
    continue
  }
  if (entry.id <= last) throw new Error(`image ${entry.id} after ${last}`)
  last = entry.id
  found += entry.detections.length
  writer.add(entry)
}
await writer.finish(head.classes, true)
said(
  `merged ${found} detections, ${broken} broken images, ${(statSync(path.join(folder, 'found.json')).size / 1e6).toFixed(0)} MB`,
)
clearInterval(watch)
rmSync(folder, { recursive: true })
console.log(`${((performance.now() - started) / 1000).toFixed(0)} s in all`)
