/** What a live run publishes goes on from what it has published, whatever changes: the average of the weights never starts anew. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import type { AssistLabelsRequest, EngineData, EngineImage } from '../../../src/core/contract/engine.ts'
import { decodeSafetensors } from '../../../src/core/formats/safetensors.ts'
import { toFloat32 } from '../../../src/core/formats/tensor-values.ts'
import { JobControl } from '../../../src/main/engine/control.ts'
import { assist } from '../../../src/main/engine/train/assist.ts'
import { readModels, weightsPath } from '../../../src/main/setup/weights.ts'
import { scratch } from '../../support/scratch.ts'

const weights = weightsPath(readModels().find(({ name }) => name.includes('lite0'))!)
const TOWER = 'head.classification_head.conv.1.weight'

test.skipIf(!existsSync(weights)).each([
  ['a class joins', { categories: [1, 2], images: 3 }],
  ['the backbone begins to learn', { categories: [1], images: 50 }],
  ['the run is resumed', null],
] as const)('when %s', async (_, change) => {
  const folder = await scratch()
  const path = join(folder, 'image.png')
  await sharp({ create: { width: 64, height: 64, channels: 3, background: '#a52' } })
    .png()
    .toFile(path)
  const out = join(folder, 'run')
  const train = (request: {
    readonly until: number
    readonly resume: boolean
    readonly then?: AssistLabelsRequest
  }) => {
    let steps = 0
    const control: JobControl = new JobControl(
      () => {},
      async () => {
        if (++steps === request.until && request.then) control.deliver(request.then)
        if (steps >= request.until + (request.then ? 2 : 0)) control.cancel()
      },
    )
    return assist(
      {
        ...{
          method: 'assist',
          out,
          weights,
          architecture: 'lite0',
          data: dataOf([1], 3, path),
          resume: request.resume,
        },
        options: {
          training: { size: 64, seed: 0 },
          model: { head: { channels: 16, groups: 4, depth: 1 } },
        },
      },
      () => {},
      control,
    )
  }
  await train({ until: 60, resume: false })
  const [averages, drifted] = [
    await tensorIn(join(out, 'last.safetensors'), TOWER),
    await tensorIn(join(out, 'state.safetensors'), `weights/${TOWER}`),
  ]
  const apart = distance(drifted, averages)
  expect(apart).toBeGreaterThan(0)
  const then = change && { method: 'assist-labels' as const, ...delta(change, path), removed: [] }
  await train({ until: then ? 1 : 2, resume: true, ...(then && { then }) })
  const after = await tensorIn(join(out, 'last.safetensors'), TOWER)
  // Had the average started anew, it would lie at the weights.
  expect(distance(after, averages)).toBeLessThan(0.5 * apart)
})

function dataOf(classIds: readonly number[], images: number, path: string): EngineData {
  return {
    categories: classIds.map((id) => ({ id, name: `class ${id}` })),
    images: Array.from(
      { length: images },
      (_, i): EngineImage => ({
        ...{ id: i + 1, path, width: 64, height: 64 },
        boxes: Float64Array.of(8, 8, 40, 44),
        categories: Int32Array.of(1),
        crowds: Uint8Array.of(0),
        areas: Float64Array.of(32 * 36),
      }),
    ),
  }
}

function delta({ categories, images }: { categories: readonly number[]; images: number }, path: string) {
  const data = dataOf(categories, images, path)
  return { categories: data.categories, changed: data.images }
}

async function tensorIn(file: string, name: string): Promise<Float32Array> {
  return toFloat32(decodeSafetensors(await readFile(file)).tensors.get(name)!)
}

const distance = (a: Float32Array, b: Float32Array): number =>
  Math.hypot(...a.map((value, i) => value - b[i]!))
