/** The same run, and the same detections, through the Jobs API of a Ray cluster that this test starts. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RunPlan } from '../../src/core/contract/studio/runs.ts'
import { RayCluster, rayAddress } from '../../src/main/jobs/ray.ts'
import { fcos } from '../support/cli.ts'
import { jobPython, lossDifference, sayIfSkipped, weightDifference } from '../support/job-runs.ts'
import { type Head, startRay } from '../support/ray.ts'
import { connect } from '../support/studio.ts'
import { engineHost, QUICK, watch } from '../support/training.ts'

sayIfSkipped('Ray')

const PLAN: RunPlan = {
  ...QUICK,
  measureWith: null,
  options: {
    ...QUICK.options,
    training: {
      ...{ size: 128, batch: 2, saveEvery: 1, seed: 3, steps: 4, learn: 'c2', average: false },
      optimiser: { kind: 'sgd', rate: 1e-3 },
    },
  },
}

async function sampleStudio(folder: string) {
  const host = engineHost(folder)
  const client = connect(host)
  await client.call('project.openSample', {})
  return { host, client, ...watch(client) }
}

/** Processes of a cluster that train a job. */
function workersOf(job: string): number[] {
  return readdirSync('/proc')
    .filter((entry) => {
      if (!/^\d+$/.test(entry)) return false
      try {
        const read = (name: string): string => readFileSync(`/proc/${entry}/${name}`, 'utf8')
        return /^ray::\S*TrainWorker/.test(read('cmdline')) && read('environ').includes(job)
      } catch {
        return false
      }
    })
    .map(Number)
}

describe.skipIf(jobPython === '' || !existsSync(path.join(path.dirname(jobPython), 'ray')))(
  'on Ray',
  { timeout: 900_000 },
  () => {
    let folder = ''
    let head: Head
    let studio: ReturnType<typeof sampleStudio>
    /** The folder of the same run by one process on this machine. */
    let torch = ''
    const at = (name: string): string => path.join(folder, name)

    beforeAll(async () => {
      folder = await mkdtemp(path.join(tmpdir(), 'fcos-ray-'))
      head = await startRay('a token for this test')
      studio = sampleStudio(at('studio'))
      const { client, until } = await studio
      const done = until(({ state }) => state === 'done' || state === 'failed')
      const plan: RunPlan = { ...PLAN, place: { kind: 'pytorch', python: jobPython, processes: 1 } }
      const { id: run } = await client.call('runs.start', { plan, pinned: { images: [], every: 1 } })
      expect(await done).toMatchObject({ state: 'done' })
      torch = (await client.call('runs.detail', { run })).folder
    }, 900_000)
    afterAll(async () => {
      await (await studio)?.host.close()
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

    test('a run of two workers, of which one is lost, is watched as any other, and is the run of one process', async () => {
      const { client, until, changes } = await studio
      const storage = at('storage')
      mkdirSync(storage)
      const { ids } = await client.call('images.find', { query: 'split:val' })
      const plan: RunPlan = {
        ...PLAN,
        place: { kind: 'ray', address: head.address, storage, workers: 2, gpus: false },
      }
      const paused = until('paused')
      const { id: run } = await client.call('runs.start', {
        plan,
        pinned: { images: ids.slice(0, 2), every: 1 },
      })
      await client.call('runs.pause', { run })
      expect((await paused).step).toBe(1)
      // A window that is opened now sees what was before.
      expect((await client.call('runs.curves', { run, after: 0 })).steps).toEqual([1])
      process.kill(workersOf(storage).at(-1)!, 'SIGKILL')
      const done = until(({ state }) => state === 'done' || state === 'failed')
      await client.call('runs.continue', { run })
      expect(await done).toMatchObject({ state: 'done', step: 4, error: null })
      const detail = await client.call('runs.detail', { run })
      const told = changes.filter((change) => change.run.id === run)
      expect(told.flatMap(({ curves }) => curves?.steps ?? [])).toEqual([1, 2, 3, 4])
      expect(detail.pinned.steps).toEqual([1, 2, 3, 4])
      expect(readdirSync(storage)).toEqual([])
      expect(lossDifference(detail.folder, torch)).toBeLessThan(4e-6)
      expect(weightDifference(detail.folder, torch)).toBeLessThan(5e-7)
    })

    test('detections are those of the engine, in their order; what was made before is not made again', async () => {
      const photos = at('photos')
      mkdirSync(photos)
      for (const name of readdirSync('resources/sample/images').slice(0, 6))
        cpSync(path.join('resources/sample/images', name), path.join(photos, name))
      writeFileSync(path.join(photos, 'zz.jpg'), 'no picture')
      // One that has learnt: the many guesses of another differ by rounding alone, and so does which of them are the best 100.
      const common = ['detect', photos, '--model', 'resources/sample/run/best.safetensors', '--score', '0.1']
      const own = await fcos([...common, '--out', at('own.json'), '--no-fast-math'])
      expect(own.status, own.err).toBe(0)
      // Of 7 images, two actors make 7 shards. One was made before, one was cut off, and one is of another detection.
      const parts = path.join(at('ray.json-job'), 'parts')
      for (const [shard, ...more] of [['2/7'], ['3/7'], ['4/7', '--nms', '0.5']] as const) {
        const made = [...common, '--tile', 'off', '--out', parts, '--shard', shard, ...more]
        expect((await fcos(made)).status).toBe(0)
      }
      const second = path.join(parts, 'part-00002.jsonl')
      const marked = readFileSync(second, 'utf8').replace(/("categoryId":\d+,"score":)[\d.]+/, '$10.9875')
      writeFileSync(second, marked)
      const third = path.join(parts, 'part-00003.jsonl')
      writeFileSync(third, readFileSync(third).subarray(0, -30))
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
      expect(theirs!.map((one) => one.image_id)).toEqual(ours!.map((one) => one.image_id))
      const kept = theirs!.filter((one) => one.score === 0.9875)
      expect(kept.map((one) => one.image_id)).toEqual([2])
      // Of scores that differ by rounding alone, either may come first.
      for (const one of ours!.filter(({ bbox }) => bbox.join() !== kept[0]!.bbox.join())) {
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
