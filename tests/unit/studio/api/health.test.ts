import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import { DatasetHealth, type HealthKind } from '../../../../src/core/contract/studio/report.ts'
import { scratch } from '../../../support/scratch.ts'
import { connect, ended, SAMPLE, studioHost } from '../../../support/studio.ts'

const photo = (n: number) => join(SAMPLE, 'images', `table-0${n}.jpg`)

test('leaks between splits, copies, faulty boxes and images without labels are found, and balance is counted', async () => {
  const folder = await scratch()
  for (const [from, to] of [
    [1, 'a'],
    [1, 'b'],
    [2, 'c'],
    [3, 'd'],
    [4, 'f'],
  ] as const)
    await copyFile(photo(from), join(folder, `${to}.jpg`))
  await sharp(photo(2)).resize(320).jpeg({ quality: 60 }).toFile(join(folder, 'e.jpg'))
  const host = await studioHost()
  const client = connect(host)
  await client.call('project.open', { path: folder })
  const find = async () => (await client.call('images.find', { query: '' })).ids
  await expect.poll(find).toHaveLength(6)
  const ids = await find()
  const [a, b, c, d, e, f] = ids as [number, number, number, number, number, number]
  const [{ id: die }, { id: pawn }] = [
    await client.call('classes.add', { name: 'die' }),
    await client.call('classes.add', { name: 'pawn' }),
  ]
  const add = (image: number, ...boxes: [number, number, number, number][]) =>
    client.call('annotations.add', {
      image,
      annotations: boxes.map((box) => ({ classId: die, box, source: 'drawn' as const })),
    })
  await add(a, [10, 10, 90, 90], [10, 10, 90, 91], [-9, 0, 50, 50], [200, 100, 201, 160])
  await add(b, [10, 10, 90, 90])
  await add(e, [10, 10, 90, 90])
  await client.call('images.setSplit', { ids: [a, c, e], split: 'train' })
  await client.call('images.setSplit', { ids: [b], split: 'val' })
  await client.call('images.setState', { ids: [d], state: 'done' })

  const check = await ended(client, await client.call('report.health', {}))
  expect(check.error).toBeNull()
  const health = DatasetHealth.parse(check.result)
  expect(health.images).toEqual({ train: 3, val: 1, test: 0, none: 2 })
  expect(health.classes).toEqual([
    { id: die, images: 3, boxes: { train: 5, val: 1, test: 0, none: 0 } },
    { id: pawn, images: 0, boxes: { train: 0, val: 0, test: 0, none: 0 } },
  ])
  const imagesOf = (kind: HealthKind) =>
    health.findings
      .find((one) => one.kind === kind)!
      .listed.map(({ images }) => images.map(({ image }) => image))
  expect(imagesOf('leaked')).toEqual([[a, b]])
  // The one with labels comes first.
  expect(imagesOf('near-duplicate')).toEqual([[e, c]])
  expect(imagesOf('repeated')).toEqual([[a]])
  expect(imagesOf('outside')).toEqual([[a]])
  expect(imagesOf('thin')).toEqual([[a]])
  expect(imagesOf('unlabelled')).toEqual([[c], [f]])
  expect(imagesOf('empty')).toEqual([[d]])
  expect(imagesOf('unreadable')).toEqual([])
  expect(health.model).toBeNull()
})
