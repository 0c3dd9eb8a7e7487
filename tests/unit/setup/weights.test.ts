/** Weights in the cache that are not what this program pins are fetched again, never used. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, readFileSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path, { dirname } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import {
  type PretrainedModel,
  provideWeights,
  readModels,
  requireIntactWeights,
  weightsPath,
} from '../../../src/main/setup/weights.ts'
import { startingWeights } from '../../../src/main/studio/engine/starting-weights.ts'
import { ModelChoice } from '../../../src/main/studio/models/model-choice.ts'
import { Settings } from '../../../src/main/studio/settings.ts'
import { scratch } from '../../support/scratch.ts'

const CONTENT = Buffer.from('weights'.repeat(1000))

async function pinned(): Promise<{
  model: PretrainedModel
  cache: string
  file: string
  served: () => number
}> {
  let served = 0
  const server = createServer((_, response) => {
    served++
    response.end(CONTENT)
  }).listen(0)
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const model: PretrainedModel = {
    ...{ name: 'tiny', file: 'tiny.pth', bytes: CONTENT.length, about: 'Tiny', license: 'MIT', setup: true },
    sha256: createHash('sha256').update(CONTENT).digest('hex'),
    sources: [{ kind: 'http', url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/tiny.pth` }],
  }
  const cache = await scratch()
  return { model, cache, file: weightsPath(model, cache), served: () => served }
}

test('what is right is used without a download, and hashed only where it changed', async () => {
  const { model, cache, file, served } = await pinned()
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, CONTENT)
  for (let n = 0; n < 2; n++) expect(await provideWeights(model, { cache })).toBe(file)
  utimesSync(file, 1, 1)
  expect(await provideWeights(model, { cache })).toBe(file)
  expect(served()).toBe(0)
})

test.each([
  ['cut short', (file: string) => truncateSync(file, 100)],
  ['overwritten with as many bytes', (file: string) => writeFileSync(file, 'x'.repeat(CONTENT.length))],
])('weights that were %s are fetched again, and that is said', async (_, damage) => {
  const { model, cache, file, served } = await pinned()
  await provideWeights(model, { cache })
  damage(file)
  const lines: string[] = []
  await provideWeights(model, { cache, log: (line) => lines.push(line) })
  expect(readFileSync(file)).toEqual(CONTENT)
  expect(served()).toBe(2)
  expect(lines[0]).toContain('tiny.pth')
})

test('weights of the cache that were overwritten are refused wherever they are given; other files are not looked at', async () => {
  const cache = await scratch()
  const model = readModels()[0]!
  const file = weightsPath(model, cache)
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, 'cut short')
  await expect(requireIntactWeights(file, cache)).rejects.toMatchObject({
    code: 'WEIGHTS_DAMAGED',
    remedy: expect.stringContaining('setup'),
  })
  vi.stubEnv('FCOS_CACHE', cache)
  onTestFinished(() => void vi.unstubAllEnvs())
  await expect(startingWeights(file, () => {})).rejects.toMatchObject({ code: 'WEIGHTS_DAMAGED' })
  const choice = new ModelChoice(new Settings(cache), () => [])
  await expect(choice.at(file)).rejects.toMatchObject({ code: 'WEIGHTS_DAMAGED' })
  const own = path.join(cache, 'own.safetensors')
  writeFileSync(own, 'own')
  await requireIntactWeights(own, cache)
})
