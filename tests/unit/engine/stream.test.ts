/** Files go through a network in order, the next batch while the last is computed, and nothing is left running at the end. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { InputConfig } from '../../../src/core/detectors/model-config.ts'
import { overFiles } from '../../../src/main/engine/detect/stream.ts'
import type { RgbImage } from '../../../src/main/images/decode.ts'
import type { LargeImage } from '../../../src/main/images/region.ts'
import { lay, scratch } from '../../support/scratch.ts'

const input: InputConfig = { shortSide: 64, longSide: 96, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] }

/** A network whose passes end when the test says, each with the widths of its images. */
function manualNetwork() {
  const passes: PromiseWithResolvers<number[]>[] = []
  const network = (images: readonly (RgbImage | LargeImage)[]) => {
    const pass = Promise.withResolvers<number[]>()
    passes.push(pass)
    widths.push(images.map(({ width }) => width))
    return pass.promise
  }
  const widths: number[][] = []
  return { network, passes, widths, end: (i: number) => passes[i]!.resolve(widths[i]!) }
}

async function files() {
  const folder = await scratch()
  await lay(folder, { 'a.png': [40, 30], 'b.png': [41, 30], 'd.png': [43, 30], 'e.png': [44, 30] })
  writeFileSync(join(folder, 'c.png'), 'no image')
  return ['a', 'b', 'c', 'd', 'e'].map((name) => ({ path: join(folder, `${name}.png`) }))
}

const stream = (images: { path: string }[], network: ReturnType<typeof manualNetwork>['network']) => {
  const abort = new AbortController()
  const results = overFiles(images, network, { input, batch: 1, signal: abort.signal })
  return { abort, results }
}

test('the next image is begun before the last is done, and results keep the order of the files', async () => {
  const { network, passes, widths, end } = manualNetwork()
  const { results } = stream(await files(), network)
  const first = results.next()
  await expect.poll(() => passes.length).toBe(2)
  end(1)
  end(0)
  expect((await first).value).toMatchObject({ index: 0, found: 40 })
  expect((await results.next()).value).toMatchObject({ index: 1, found: 41 })
  expect((await results.next()).value).toMatchObject({ index: 2, error: { code: 'DATA_IMAGE_FORMAT' } })
  const fourth = results.next()
  await expect.poll(() => passes.length).toBe(4)
  end(2)
  end(3)
  expect((await fourth).value).toMatchObject({ index: 3, found: 43 })
  expect((await results.next()).value).toMatchObject({ index: 4, found: 44 })
  expect((await results.next()).done).toBe(true)
  expect(widths).toEqual([[40], [41], [43], [44]])
})

test('who leaves early waits for what is still computed; an error of the network is thrown', async () => {
  const { network, passes, end } = manualNetwork()
  const { results } = stream(await files(), network)
  const first = results.next()
  await expect.poll(() => passes.length).toBe(2)
  end(0)
  await first
  let left = false
  const leaving = results.return(undefined).then(() => {
    left = true
  })
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(left).toBe(false)
  passes[1]!.reject(new Error('of a pass that nobody waits for'))
  await leaving

  const failing = manualNetwork()
  const { results: others } = stream(await files(), failing.network)
  const failed = others.next()
  await expect.poll(() => failing.passes.length).toBe(2)
  failing.passes[1]!.resolve([1])
  failing.passes[0]!.reject(new Error('out of memory'))
  await expect(failed).rejects.toThrow('out of memory')
})

test('once it is to stop, it begins nothing more', async () => {
  const { network, passes, end } = manualNetwork()
  const { results, abort } = stream(await files(), network)
  const first = results.next()
  await expect.poll(() => passes.length).toBe(2)
  abort.abort()
  end(0)
  end(1)
  await first
  for await (const _ of results);
  expect(passes).toHaveLength(2)
})
