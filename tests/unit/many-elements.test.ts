/** Spread into a call, an array of some 100,000 elements overflows the stack. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import { NO_AUGMENTATION } from '../../src/core/training/augmentation.ts'
import { table } from '../../src/main/cli/table.ts'
import { BatchMaker } from '../../src/main/engine/data/batch.ts'
import { loadLabels } from '../../src/main/studio/project/index.ts'
import { boundsOf } from '../../src/renderer/canvas/geometry/gestures.ts'
import { scratch } from '../support/scratch.ts'

const MANY = 300_000

async function picture(folder: string): Promise<string> {
  const path = join(folder, 'a.png')
  await sharp({ create: { width: 64, height: 64, channels: 3, background: '#888' } }).toFile(path)
  return path
}

test('an image with very many boxes is trained on', async () => {
  const path = await picture(await scratch())
  const boxes = new Float32Array(MANY * 4).map((_, i) => [8, 8, 40, 40][i % 4]!)
  const samples = [{ path, width: 64, height: 64, boxes, classes: new Int32Array(MANY) }]
  const maker = new BatchMaker(
    {
      ...{ samples, canvas: { width: 64, height: 64 }, seed: 1, batchSize: 1, totalSteps: 1, copies: null },
      input: { shortSide: 64, longSide: 64, mean: [0, 0, 0], std: [1, 1, 1] },
      augment: NO_AUGMENTATION,
    },
    2 ** 24,
    () => {},
  )
  const batch = await maker.make(0)
  expect(batch.classes[0]).toHaveLength(MANY)
  expect([...batch.boxes[0]!.slice(-4)]).toEqual([8, 8, 40, 40])
})

test('a label file with very many faults is read, and each of them is told', async () => {
  const folder = await scratch()
  await mkdir(join(folder, 'images'))
  await mkdir(join(folder, 'labels'))
  await picture(join(folder, 'images'))
  await writeFile(join(folder, 'labels', 'a.txt'), `0 0.5 0.5 0.2 0.2\n${'0 0.5 0.5 -1 x\n'.repeat(MANY)}`)
  await writeFile(join(folder, 'data.yaml'), 'train: images\nnames: [thing]\n')
  const { dataset, problems } = await loadLabels(join(folder, 'data.yaml'))
  expect(dataset.images.map(({ annotations }) => annotations.length)).toEqual([1])
  expect(problems.length).toBeGreaterThanOrEqual(MANY)
})

test('a line of very many points has its bounds, a table of very many rows its widths', () => {
  const path = Array.from({ length: MANY }, (_, i) => ({ x: i, y: -i }))
  expect(boundsOf(path)).toEqual([0, 1 - MANY, MANY - 1, -0])
  const lines = table(
    ['a', 'b'],
    path.map(({ x }) => [String(x), '']),
  )
  expect(lines[1]).toBe('0        ')
})
