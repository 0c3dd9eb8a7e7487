/** What models found, on disk: who is dropped, and what it means when a file is gone. */
import { copyFile, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { ImageCandidates } from '../../../../src/core/contract/model-assets.ts'
import { lite0Config } from '../../../../src/core/detectors/fcos/presets.ts'
import { detectionsOf } from '../../../../src/main/studio/evaluation/model-detections.ts'
import { CandidateCache } from '../../../../src/main/studio/models/candidate-cache.ts'
import { scratch } from '../../../support/scratch.ts'

const size = { width: 100, height: 100 }
const found: ImageCandidates = {
  ...{ image: size, resized: size, input: size },
  model: { config: lite0Config([{ id: 5, name: 'cell' }]), thresholds: null },
  candidates: {
    boxes: Float32Array.of(0, 0, 20, 20),
    classScores: Float32Array.of(0.81),
    scores: Float32Array.of(0.9),
    parts: { centerness: Float32Array.of(1) },
    ...{ locations: Int32Array.of(0), labels: Int32Array.of(0), levels: Uint8Array.of(0) },
  },
  embedding: Float32Array.of(1, 2),
}
const classes = [{ id: 1, name: 'cell' }]

test('the model in daily use stays, whenever it last found something new', async () => {
  const folder = await scratch()
  const days = (count: number): Date => new Date(Date.now() - count * 86_400_000)
  for (let n = 0; n < 12; n++) {
    await new CandidateCache(folder).write(`model-${n}`, 'image', found)
    // The lower its number, the longer ago was its last new file.
    await utimes(join(folder, `model-${n}`), days(30 - n), days(30 - n))
  }
  const cache = new CandidateCache(folder)
  expect(await cache.readFile('model-0', 'image')).toBeDefined()
  expect(await cache.has('model-1', 'image')).toBe(true)
  await cache.prune()
  const kept = await readdir(folder)
  expect(kept).toHaveLength(8)
  expect(kept).toEqual(expect.arrayContaining(['model-0', 'model-1', 'model-11']))
  expect(kept).not.toContain('model-2')
})

test('versions of a model that learns drive out the oldest of themselves, and no other model', async () => {
  const folder = await scratch()
  const cache = new CandidateCache(folder)
  const minutes = (count: number): Date => new Date(Date.now() - count * 60_000)
  const keep = async (name: string, age: number) => {
    await cache.write(name, 'image', found)
    await utimes(join(folder, name), minutes(age), minutes(age))
  }
  for (const name of ['in use before', 'compared with']) await keep(name, 100)
  const versions = Array.from({ length: 20 }, (_, n) => `version-${n}`)
  for (const [n, name] of versions.entries()) await keep(name, n)
  await cache.prune(versions)
  expect((await readdir(folder)).toSorted()).toEqual([
    'compared with',
    'in use before',
    ...versions.slice(0, 8),
  ])
  // Most versions of a model that learns are never asked about any image.
  const written = ['unasked', 'version-2', 'another', 'version-0', 'version-9']
  expect(await cache.kept(written)).toEqual(['version-2', 'version-0'])
})

test.each([
  ['gone', (file: string) => rm(file)],
  ['cut off', (file: string) => writeFile(file, 'x')],
])(
  'an image whose candidates are %s is an error, not one without detections, and computed anew',
  async (_, spoil) => {
    const cacheFolder = await scratch()
    const cache = new CandidateCache(cacheFolder)
    for (const image of ['a', 'b']) await cache.write('m', image, found)
    const model = {
      ...{ title: 'm', key: 'm', cacheFolder, unread: 0 },
      images: [
        { id: 1, key: 'a' },
        { id: 2, key: 'b' },
      ],
    }
    const { score } = await detectionsOf(model, classes, () => {})
    expect(score.map(({ imageId }) => imageId)).toEqual([1, 2])
    // What earlier versions found, large images as a whole, is not read.
    await copyFile(join(cacheFolder, 'm', 'a-2.safetensors'), join(cacheFolder, 'm', 'c.safetensors'))
    expect(await cache.has('m', 'c')).toBe(false)
    await spoil(join(cacheFolder, 'm', 'b-2.safetensors'))
    await expect(detectionsOf(model, classes, () => {})).rejects.toMatchObject({ code: 'IO_CACHE' })
    // Whoever starts again finds out that it is to be computed.
    expect(await cache.has('m', 'b')).toBe(false)
  },
)
