/** Detection in shards: whatever the number of them, one list, in order; and nothing is merged that does not belong together. */
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import {
  headLine,
  ListDigest,
  openParts,
  type PartHead,
  partName,
  shardRange,
  writeList,
} from '../../../src/main/jobs/detection-parts.ts'
import { Journal } from '../../../src/main/studio/detection/journal.ts'
import { scratch } from '../../support/scratch.ts'

const images = Array.from({ length: 23 }, (_, i) => ({
  id: i + 1,
  fileName: `ä ${i}.jpg`,
  path: `/photos/ä ${i}.jpg`,
}))

function headOf(shards: number): PartHead {
  const digest = new ListDigest()
  for (const image of images) digest.add(image)
  return {
    ...{ format: 'fcos-studio-part', version: 1, images: digest.end(), count: images.length, shards },
    ...{ model: 'hash', classes: [{ id: 7, name: 'Katze ß' }] },
    ...{
      rules: { score: 0.05, nms: 0.6, limit: 100, most: 100, size: null, tile: 'auto', least: [0.05] },
      shard: 1,
    },
  }
}

/** @param until images of the shard that are done */
function writePart(folder: string, shards: number, shard: number, until = Infinity): void {
  const { from, to } = shardRange(images.length, shards, shard)
  const journal = new Journal(path.join(folder, partName(shard)), headLine({ ...headOf(shards), shard }))
  const done = [...journal.entries()].length
  for (const { id, fileName } of images.slice(from + done, Math.min(to, from + until))) {
    const box = [0, 0, id, id] as const
    if (id === 5) journal.add({ fileName, error: { code: 'DATA_IMAGE_BROKEN', message: 'broken' } })
    else
      journal.add({
        id,
        fileName,
        width: 9,
        height: 9,
        cut: false,
        detections: [{ box, categoryId: 7, score: 0.5 }],
      })
  }
  journal.close()
}

const merged = async (folder: string) => {
  const entries = []
  for await (const entry of (await openParts(folder)).entries()) entries.push(entry)
  return entries
}

test('shards are all of the images once', () => {
  for (const shards of [1, 2, 5, 22, 23]) {
    const ranges = Array.from({ length: shards }, (_, i) => shardRange(23, shards, i + 1))
    expect(ranges.flatMap(({ from, to }) => images.slice(from, to))).toEqual(images)
  }
})

test('any number of parts merges to the same list, one that was cut off goes on', async () => {
  const [one, five] = [await scratch(), await scratch()]
  writePart(one, 1, 1)
  for (let shard = 1; shard <= 5; shard++) writePart(five, 5, shard, shard === 3 ? 2 : Infinity)
  await expect(merged(five)).rejects.toMatchObject({
    code: 'USAGE_PARTS',
    message: expect.stringContaining('2 of its'),
  })
  const whole = readFileSync(path.join(five, partName(4)))
  appendFileSync(path.join(five, partName(3)), '{"id":12,"fileNa')
  writePart(five, 5, 3)
  expect(readFileSync(path.join(five, partName(4)))).toEqual(whole)
  expect(await merged(five)).toEqual(await merged(one))
  expect((await merged(one)).map(({ fileName }) => fileName)).toEqual(images.map(({ fileName }) => fileName))
})

test('parts that are missing, strange or of another detection are refused by name', async () => {
  const folder = await scratch()
  for (const shard of [1, 2, 3]) writePart(folder, 3, shard)
  const at = (shard: number) => path.join(folder, partName(shard))
  const refused = (words: string) =>
    expect(openParts(folder)).rejects.toMatchObject({
      code: 'USAGE_PARTS',
      message: expect.stringContaining(words),
    })
  const kept = readFileSync(at(2), 'utf8')
  rmSync(at(2))
  await refused('lacks 1 of 3 parts: 2')
  writeFileSync(at(2), kept.replace('"score":0.05', '"score":0.1'))
  await refused('another detection')
  writeFileSync(at(2), 'nonsense')
  await refused('is no part')
  writeFileSync(at(2), kept)
  writeFileSync(at(9), kept)
  await refused('none of the 3 parts')
  rmSync(at(9))
  writeFileSync(at(2), kept.replace('"width":9', '"width":"9"'))
  await expect(merged(folder)).rejects.toMatchObject({ message: expect.stringContaining('damaged') })
  await expect(openParts(path.join(folder, 'none'))).rejects.toMatchObject({ code: 'USAGE_PARTS' })
})

test('the list of a cluster says where each shard begins, in bytes', async () => {
  const file = path.join(await scratch(), 'images.jsonl')
  const shards = await writeList(file, images, images.length, 5)
  const bytes = readFileSync(file)
  for (const [i, { at, count }] of shards.entries()) {
    const lines = bytes.toString('utf8', at).split('\n').slice(0, count)
    const { from, to } = shardRange(images.length, 5, i + 1)
    expect(lines.map((line) => JSON.parse(line))).toEqual(images.slice(from, to))
  }
})
