/** The model in use while its run trains: its file is replaced time and again. */
import { rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { CurrentModel } from '../../../../src/core/contract/studio/models.ts'
import { Models } from '../../../../src/main/studio/models/models.ts'
import { Settings } from '../../../../src/main/studio/settings.ts'
import { scratch } from '../../../support/scratch.ts'

async function someModels() {
  const folder = await scratch()
  const [best, other] = [join(folder, 'best.safetensors'), join(folder, 'other.safetensors')]
  for (const file of [best, other]) await writeFile(file, 'weights')
  const told: (CurrentModel | null)[] = []
  const models = new Models({
    ...{ settings: new Settings(folder), cacheFolder: folder },
    ofRuns: () => [{ path: best, title: 'Run 1', origin: 'run' }],
    tell: (model) => told.push(model),
  })
  return { models, best, other, told }
}

const PROJECT = '/p/project.fcos'

test('a window that knows an earlier version is answered by the one that is there, and told of it once', async () => {
  const { models, best, told } = await someModels()
  const first = (await models.use(PROJECT, best))!
  const versions = [first.key]
  for (let n = 1; n <= 3; n++) {
    await writeFile(best, 'weights'.repeat(n))
    await utimes(best, n, n)
    const now = await models.inUse(PROJECT, first.key)
    expect(versions).not.toContain(now.key)
    versions.push(now.key)
    await models.current(PROJECT)
  }
  expect(told.map((model) => model?.key)).toEqual(versions)
  expect((await models.inUse(PROJECT, versions[2]!)).key).toBe(versions[3])
})

test('another model is another one, also when its window does not know yet', async () => {
  const { models, best, other } = await someModels()
  const first = (await models.use(PROJECT, best))!
  const second = (await models.use(PROJECT, other))!
  await expect(models.inUse(PROJECT, first.key)).rejects.toMatchObject({ code: 'USAGE_MODEL' })
  await expect(models.inUse(PROJECT, null)).rejects.toMatchObject({ code: 'USAGE_MODEL' })
  expect((await models.inUse(PROJECT, second.key)).path).toBe(other)
  await models.use(PROJECT, null)
  await expect(models.inUse(PROJECT, second.key)).rejects.toMatchObject({ code: 'USAGE_NO_MODEL' })
})

test('what the studio itself replaced is told and brought back, unless somebody has chosen since', async () => {
  const { models, best, other } = await someModels()
  await models.use(PROJECT, other)
  await models.putInUse(PROJECT, best)
  // A second time changes nothing of what was there before.
  await models.putInUse(PROJECT, best)
  expect(await models.current(PROJECT)).toMatchObject({ path: best, replaced: { path: other } })
  await models.bringBack(PROJECT, other)
  expect((await models.current(PROJECT))?.path).toBe(best)
  await models.bringBack(PROJECT, best)
  const back = await models.current(PROJECT)
  expect([back?.path, back?.replaced]).toEqual([other, undefined])

  await models.putInUse(PROJECT, best)
  await models.use(PROJECT, best)
  await models.bringBack(PROJECT, best)
  expect((await models.current(PROJECT))?.path).toBe(best)

  await models.use(PROJECT, null)
  await models.putInUse(PROJECT, best)
  await models.bringBack(PROJECT, best)
  expect(await models.current(PROJECT)).toBeNull()
})

test('a run stays in use when its first evaluation gives it another checkpoint, and windows are told', async () => {
  const folder = await scratch()
  const [last, best] = [join(folder, 'last.safetensors'), join(folder, 'best.safetensors')]
  await writeFile(last, 'weights')
  let checkpoint = last
  const told: (string | undefined)[] = []
  const models = new Models({
    ...{ settings: new Settings(folder), cacheFolder: folder },
    ofRuns: () => [{ path: checkpoint, title: 'Run 1', origin: 'run' }],
    tell: (model) => told.push(model?.path),
  })
  await models.use(PROJECT, last)
  await writeFile(best, 'better')
  checkpoint = best
  expect((await models.current(PROJECT))?.path).toBe(best)
  await models.current(PROJECT)
  expect(told).toEqual([last, best])

  for (const file of [last, best]) await rm(file)
  expect(await models.current(PROJECT)).toBeNull()
  expect(told).toEqual([last, best, undefined])
})
