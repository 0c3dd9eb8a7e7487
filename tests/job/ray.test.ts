/** The same run, and the same detections, through the Jobs API of a Ray cluster that this test starts. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { EngineEvent } from '../../src/core/contract/engine.ts'
import { RayCluster, rayAddress } from '../../src/main/jobs/ray.ts'
import { trainAsJob } from '../../src/main/studio/engine/pytorch.ts'
import { fcos } from '../support/cli.ts'
import {
  jobPython,
  lossDifference,
  type Options,
  requestOf,
  SMALL,
  sayIfSkipped,
  start,
  trainInTorch,
  weightDifference,
} from '../support/job-runs.ts'
import { type Head, startRay } from '../support/ray.ts'

sayIfSkipped('Ray')

const options: Options = {
  training: {
    ...{
      size: 128,
      batch: 2,
      saveEvery: 1,
      seed: 3,
      steps: 3,
      evaluateEvery: 0,
      learn: 'c2',
      average: false,
    },
    optimiser: { kind: 'sgd', rate: 1e-3 },
  },
  model: SMALL,
}

describe.skipIf(jobPython === '' || !existsSync(path.join(path.dirname(jobPython), 'ray')))(
  'on Ray',
  { timeout: 900_000 },
  () => {
    let folder = ''
    let head: Head
    const at = (name: string): string => path.join(folder, name)

    beforeAll(async () => {
      folder = await mkdtemp(path.join(tmpdir(), 'fcos-ray-'))
      // A rehearsal: the second worker is lost after the second step, once.
      head = await startRay('a token for this test', { FCOS_JOB_LOST_AT: '1' })
      await trainInTorch(at('torch'), options)
    }, 900_000)
    afterAll(async () => {
      await head?.stop()
      await rm(folder, { recursive: true, force: true })
    }, 240_000)

    test('a wrong token is refused', async () => {
      const token = process.env.RAY_AUTH_TOKEN
      process.env.RAY_AUTH_TOKEN = 'another'
      await expect(new RayCluster(rayAddress(head.address)).status('none')).rejects.toMatchObject({
        code: 'ENGINE_CLUSTER',
        message: expect.stringContaining('refuses the token'),
      })
      process.env.RAY_AUTH_TOKEN = token
    })

    test('a run of two workers, of which one is lost, is the run of one process', async () => {
      const steps: number[] = []
      const onEvent = (event: EngineEvent): void => {
        if (event.kind === 'step') steps.push(event.step)
      }
      const place = {
        kind: 'ray',
        address: rayAddress(head.address),
        storage: folder,
        workers: 2,
        gpus: false,
      } as const
      const request = await requestOf(at('ray'), options, {})
      const result = await trainAsJob(start, request, place, { onEvent, report: () => {} })
      expect(result).toMatchObject({ complete: true, steps: 3 })
      expect(steps.at(-1)).toBe(3)
      expect(steps.length).toBeGreaterThanOrEqual(3)
      expect(lossDifference(at('ray'), at('torch'))).toBeLessThan(4e-6)
      expect(weightDifference(at('ray'), at('torch'))).toBeLessThan(5e-7)
      expect(readdirSync(folder).sort()).toEqual(['ray', 'torch'])
    })

    test('detections are those of the engine; what was lost of them is made again, and nothing else', async () => {
      const photos = at('photos')
      mkdirSync(photos)
      for (const name of readdirSync('resources/sample/images').slice(0, 6))
        cpSync(path.join('resources/sample/images', name), path.join(photos, name))
      writeFileSync(path.join(photos, 'zz.jpg'), 'no picture')
      const model = path.join(at('torch'), 'last.safetensors')
      const common = ['detect', photos, '--model', model, '--score', '0.0101']
      const own = await fcos([...common, '--out', at('own.json'), '--no-fast-math'])
      expect(own.status, own.err).toBe(0)
      const ray = await fcos([...common, '--out', at('ray.json'), '--on', head.address, '--actors', '2'])
      expect(ray.status, ray.err).toBe(0)
      expect(ray.err).toContain('zz.jpg')
      type Found = {
        image_id: number
        file_name: string
        category_id: number
        bbox: number[]
        score: number
      }[]
      const [ours, theirs] = ['own.json', 'ray.json'].map(
        (name) => JSON.parse(readFileSync(at(name), 'utf8')) as Found,
      )
      expect(theirs!.length).toBeGreaterThan(20)
      expect(theirs).toHaveLength(ours!.length)
      // Of scores that differ by rounding alone, either may come first.
      for (const one of ours!) {
        const same = theirs!.filter(
          (other) =>
            other.file_name === one.file_name &&
            other.image_id === one.image_id &&
            other.category_id === one.category_id &&
            Math.abs(other.score - one.score) < 2e-6 &&
            other.bbox.every((side, k) => Math.abs(side - one.bbox[k]!) < 2e-3),
        )
        expect(same.length, JSON.stringify(one)).toBeGreaterThan(0)
      }
      const shards = at('parts')
      for (const shard of ['1/2', '2/2']) {
        const part = await fcos([...common, '--out', shards, '--shard', shard, '--no-fast-math'])
        expect(part.status, part.err).toBe(0)
      }
      expect((await fcos(['detect', '--merge', shards, '--out', at('merged.json')])).status).toBe(0)
      expect(readFileSync(at('merged.json'), 'utf8')).toBe(readFileSync(at('own.json'), 'utf8'))
      rmSync(photos, { recursive: true })
    })
  },
)
