import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { torchvisionConfig } from '../../../src/core/detectors/fcos/presets.ts'
import type { ModelConfig } from '../../../src/core/detectors/model-config.ts'
import { encodeSafetensors } from '../../../src/core/formats/safetensors.ts'
import { tensorOf } from '../../../src/core/formats/tensor-values.ts'
import { modelTensors } from '../../../src/main/engine/model/tensors.ts'
import { readCheckpoint, writeCheckpoint } from '../../../src/main/engine/weights/checkpoint.ts'
import { replaceFile } from '../../../src/main/files/replace-file.ts'
import { fixtureShapes, numberedWeights } from '../../support/state-dict.ts'

const classes = [
  { id: 5, name: 'platelet' },
  { id: 9, name: 'cell' },
]
const r50 = torchvisionConfig(classes)
const config: ModelConfig = { ...r50, architecture: 'lite0', head: { ...r50.head, channels: 8, groups: 2 } }
const tensors = numberedWeights(modelTensors(config).map(({ name, shape }) => [name, shape]))

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'checkpoint-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function stored(metadata: Record<string, string>, weights = tensors): Promise<string> {
  const path = join(folder, 'stored.safetensors')
  await writeFile(path, encodeSafetensors(weights, metadata))
  return path
}

test('comes back as it was written, over an older one', async () => {
  const path = join(folder, 'model.safetensors')
  const training = { step: 12, ap50: 0.5 }
  await writeCheckpoint(path, { config, tensors: new Map(), training: { step: 11 } })
  await writeCheckpoint(path, { config, tensors, training })
  const read = await readCheckpoint(path)
  expect(read.config).toEqual(config)
  expect(read.training).toEqual(training)
  expect([...read.tensors.keys()]).toEqual([...tensors.keys()])
  for (const [name, { bytes }] of tensors) {
    expect(Buffer.compare(read.tensors.get(name)!.bytes, bytes), name).toBe(0)
  }
  expect((await readdir(folder)).filter((name) => name.endsWith('.partial'))).toEqual([])
})

test("torchvision's weights without metadata are r50 with the class indices as category ids", async () => {
  const read = await readCheckpoint(
    await stored({ format: 'pt' }, numberedWeights(fixtureShapes('torchvision_state_dict.json'))),
  )
  expect(read.tensors.size).toBe(319)
  expect(read.config.classes.map(({ id }) => id)).toEqual(Array.from({ length: 91 }, (_, i) => i))
  expect([1, 18, 90].map((id) => read.config.classes[id]!.name)).toEqual(['person', 'dog', 'toothbrush'])
  expect(read.config).toEqual(torchvisionConfig(read.config.classes))
})

test('a detector that shares most names with FCOS is not taken for it', async () => {
  const shapes = fixtureShapes('torchvision_state_dict.json').filter(
    ([name]) => !name.includes('bbox_ctrness'),
  )
  await expect(readCheckpoint(await stored({}, numberedWeights(shapes)))).rejects.toMatchObject({
    code: 'WEIGHTS_INCOMPLETE',
    message: expect.stringContaining('another detector'),
    remedy: expect.stringContaining('loads what fits'),
  })
})

test.each([Number.NaN, Number.POSITIVE_INFINITY])('a tensor with %d is named', async (value) => {
  const name = 'head.regression_head.bbox_reg.bias'
  const weights = new Map(tensors).set(name, tensorOf(Float32Array.of(0, value, 1, value), [4]))
  const path = await stored({ format: 'fcos-studio', version: '1', config: JSON.stringify(config) }, weights)
  await expect(readCheckpoint(path)).rejects.toMatchObject({
    code: 'WEIGHTS_NOT_FINITE',
    message: `${path}: 2 values of ${name} are not finite (NaN or infinite)`,
  })
})

test.each([
  ['WEIGHTS_VERSION', { version: '2' }],
  ['WEIGHTS_METADATA', { config: '{' }],
  ['WEIGHTS_METADATA', { config: JSON.stringify({ ...config, architecture: 'r18' }) }],
  ['WEIGHTS_METADATA', { training: '[]' }],
  ['WEIGHTS_INCOMPLETE', { config: JSON.stringify({ ...config, classes: classes.slice(1) }) }],
])('refuses with %s %o', async (code, change) => {
  const metadata = { format: 'fcos-studio', version: '1', config: JSON.stringify(config), ...change }
  const path = await stored(metadata)
  await expect(readCheckpoint(path)).rejects.toMatchObject({ code, message: expect.stringContaining(path) })
})

test.runIf(process.platform === 'linux')('a full disk leaves the old file and no other', async () => {
  const inner = await mkdtemp(join(folder, 'full-'))
  const path = join(inner, 'model')
  await writeFile(path, 'old')
  await symlink('/dev/full', `${path}.partial`)
  const written = replaceFile(path, Buffer.from('new'), `${path}.partial`)
  await expect(written).rejects.toMatchObject({ code: 'IO_DISK_FULL' })
  expect(await readFile(path, 'utf8')).toBe('old')
  expect(await readdir(inner)).toEqual(['model'])
})

test('a folder that is not there is an error that names the path', async () => {
  const path = join(folder, 'missing', 'model')
  await expect(replaceFile(path, Buffer.from('new'))).rejects.toMatchObject({
    code: 'IO_WRITE',
    message: expect.stringContaining(path),
  })
})
