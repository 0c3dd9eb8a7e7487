/** Runs in this machine's PyTorch as a window has them, and what is left when something fails. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { decodePinned } from '../../src/core/contract/pinned.ts'
import { EvaluationEntry } from '../../src/core/contract/studio/evaluation.ts'
import type { RunPlan } from '../../src/core/contract/studio/runs.ts'
import { pyramid } from '../../src/core/pyramid/levels.ts'
import { fcos } from '../support/cli.ts'
import {
  begin,
  GO_ON,
  jobPython,
  lossDifference,
  type Options,
  SMALL,
  sampleSets,
  sayIfSkipped,
  trainInTorch,
  weightDifference,
} from '../support/job-runs.ts'
import { readFileAsset } from '../support/read-asset.ts'
import { scratch } from '../support/scratch.ts'
import { connect, ended } from '../support/studio.ts'
import { engineHost, QUICK, watch } from '../support/training.ts'

sayIfSkipped('PyTorch in the studio')

const options: Options = {
  training: {
    ...{ size: 64, batch: 2, saveEvery: 2, seed: 3, steps: 6, evaluateEvery: 0, learn: 'c2' },
    optimiser: { kind: 'sgd', rate: 1e-3 },
  },
  model: SMALL,
}

/** Processes that train a folder's run. */
function trainersOf(folder: string): number[] {
  return readdirSync('/proc')
    .filter((entry) => {
      if (!/^\d+$/.test(entry)) return false
      try {
        const command = readFileSync(`/proc/${entry}/cmdline`, 'utf8')
        return command.includes('fcos_job.train') && command.includes(folder)
      } catch {
        return false
      }
    })
    .map(Number)
}

describe.skipIf(jobPython === '')('PyTorch on this machine', { timeout: 900_000 }, () => {
  test('a run is watched, paused, gone on with, stopped and resumed in the same place', async () => {
    const host = engineHost(await scratch())
    onTestFinished(() => host.close())
    const client = connect(host)
    await client.call('project.openSample', {})
    const { until } = watch(client)
    expect(await client.call('runs.python', { python: jobPython })).toMatchObject({
      title: expect.stringMatching(/^PyTorch \d/),
      devices: expect.arrayContaining([expect.objectContaining({ kind: 'cpu' })]),
    })
    await expect(client.call('runs.python', { python: '/nowhere' })).rejects.toMatchObject({
      code: 'RUNTIME_PYTHON',
    })
    const [own] = await client.call('runs.list', {})
    const plan: RunPlan = {
      ...{ ...QUICK, model: { kind: 'run', run: own!.id }, options: { training: QUICK.options.training! } },
      place: { kind: 'pytorch', python: jobPython, processes: 1 },
    }
    const { ids } = await client.call('images.find', { query: 'split:val' })
    const pinned = { images: ids.slice(0, 2), every: 2 }
    const paused = until('paused')
    const { id: run } = await client.call('runs.start', { plan, pinned })
    await client.call('runs.pause', { run })
    expect((await paused).live).toMatchObject({ device: expect.stringMatching(/cpu|gpu/) })
    const stopped = until('stopped')
    await client.call('runs.continue', { run })
    await client.call('runs.cancel', { run })
    const { step, resumable } = await stopped
    expect(step).toBeLessThan(8)
    expect(resumable).toBe(true)
    const done = until(({ state }) => state === 'done' || state === 'failed')
    await client.call('runs.resume', { run })
    expect(await done).toMatchObject({ state: 'done', step: 8, error: null })
    const { steps, evaluations } = await client.call('runs.curves', { run, after: 0 })
    expect(steps).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(evaluations.map(({ step }) => step)).toEqual([4, 8])
    const detail = await client.call('runs.detail', { run })
    expect(detail.notes.filter((note) => note.startsWith('PyTorch'))).toHaveLength(2)
    expect(detail.pinned.steps.at(-1)).toBe(8)
    const asset = await host.respond(`/asset/run/${run}/pinned/1`, new URLSearchParams({ step: '8' }))
    const seen = decodePinned(await readFileAsset(asset))
    expect(seen.maps.centerness!.length).toBe(pyramid(seen.input, 'half-stride').locations)
    expect(readdirSync(detail.folder)).not.toContain('events.jsonl')

    // It is a run as any other: its model is used, measured on the same images with the same result, and trained further.
    const { checkpoint, best } = (await client.call('runs.list', {})).find(({ id }) => id === run)!
    expect(await client.call('models.use', { path: checkpoint })).toMatchObject({ path: checkpoint })
    const source = { kind: 'model', path: checkpoint! } as const
    const measured = await ended(
      client,
      await client.call('evaluation.start', { source, query: 'split:val' }),
    )
    expect(measured.error).toBeNull()
    expect(best!.ap).toBeGreaterThan(0.05)
    // The window's engine may round convolutions to bfloat16.
    expect(EvaluationEntry.parse(measured.result).stats[0]).toBeCloseTo(best!.ap, 2)
    const finer = until(({ id, state }) => id !== run && (state === 'done' || state === 'failed'))
    const tuned = await client.call('runs.start', {
      plan: {
        ...{ ...QUICK, model: { kind: 'run', run }, measureWith: null },
        options: { training: { ...QUICK.options.training, steps: 2 } },
      },
      pinned: { images: [], every: 1 },
    })
    expect(await finer).toMatchObject({ id: tuned.id, state: 'done', step: 2, error: null })
    const [before, after] = await Promise.all(
      [run, tuned.id].map((id) => client.call('runs.curves', { run: id, after: 0 })),
    )
    expect(Object.keys(after!.figures).sort()).toEqual(Object.keys(before!.figures).sort())
    expect((await client.call('runs.detail', { run: tuned.id })).loaded).toMatch(
      /^(\d+) of \1 tensors loaded$/,
    )
  })

  test('a worker that is killed is replaced, and the run arrives where it would have', async () => {
    const folder = await scratch()
    const [whole, hurt] = [path.join(folder, 'whole'), path.join(folder, 'hurt')]
    await trainInTorch(whole, options)
    const notes: string[] = []
    let killed = false
    await trainInTorch(hurt, options, {
      processes: 2,
      onEvent(event) {
        if (event.kind === 'note') notes.push(event.message)
        if (event.kind !== 'step' || event.step < 3 || killed) return
        killed = true
        process.kill(trainersOf(hurt).at(-1)!, 'SIGKILL')
      },
    })
    expect(killed).toBe(true)
    expect(lossDifference(hurt, whole)).toBeLessThan(4e-6)
    expect(weightDifference(hurt, whole)).toBeLessThan(5e-7)
  })

  test('a program that is killed leaves no process, and a run that goes on', async () => {
    const folder = await scratch()
    const out = path.join(folder, 'run')
    await begin(out, { ...options, training: { ...options.training, steps: 2000, saveEvery: 1 } })
    const script = `import { trainInPython } from '${path.resolve('src/main/jobs/launch.ts')}'
      import { readFileSync } from 'node:fs'
      const record = JSON.parse(readFileSync('${out}/run.json', 'utf8'))
      await trainInPython({ folder: '${out}', record, python: '${jobPython}', processes: 1 }, { onEvent() {} })`
    writeFileSync(path.join(folder, 'driver.ts'), script)
    const driver = spawn(process.execPath, [path.join(folder, 'driver.ts')], { stdio: 'ignore' })
    const seen = () =>
      existsSync(path.join(out, 'log.jsonl')) && readFileSync(path.join(out, 'log.jsonl'), 'utf8').length > 0
    await expect.poll(seen, { timeout: 300_000 }).toBe(true)
    expect(trainersOf(out)).not.toEqual([])
    driver.kill('SIGKILL')
    await once(driver, 'exit')
    await expect.poll(() => trainersOf(out), { timeout: 300_000 }).toEqual([])
    const stop = new AbortController()
    const result = await trainInTorch(
      out,
      {},
      { signal: stop.signal, onEvent: (event) => event.kind === 'step' && stop.abort() },
      GO_ON,
    )
    expect(result).toMatchObject({ complete: false })
    expect(result.steps).toBeGreaterThan(1)
  })

  test('images that cannot be read are named; where none can, the run says where it looked', async () => {
    const folder = await scratch()
    const { data } = await sampleSets(4, 1)
    const broken = path.join(folder, 'broken.jpg')
    cpSync(data.images[0]!.path, broken)
    writeFileSync(broken, readFileSync(broken).subarray(0, 900))
    const images = data.images.map((image, i) => (i === 1 ? { ...image, path: broken } : image))
    const notes: string[] = []
    const onEvent = (event: { kind: string; message?: string }): void => {
      if (event.kind === 'note') notes.push(event.message!)
    }
    const few: Options = { ...options, training: { ...options.training, steps: 2 } }
    await trainInTorch(
      path.join(folder, 'a'),
      few,
      { onEvent },
      { data: { ...data, images }, validation: null },
    )
    expect(notes.filter((note) => note.includes('broken.jpg'))).toEqual([
      expect.stringContaining('is skipped'),
    ])
    const none = data.images.map((image) => ({ ...image, path: path.join(folder, 'nowhere.jpg') }))
    await expect(
      trainInTorch(path.join(folder, 'b'), few, {}, { data: { ...data, images: none }, validation: null }),
    ).rejects.toMatchObject({ code: 'DATA_IMAGE_NONE', message: expect.stringContaining('nowhere.jpg') })
  })

  test('on the command line: pack, run, fetch, and train --on', async () => {
    const folder = await scratch()
    const at = (name: string) => path.join(folder, name)
    const sample = ['--data', 'resources/sample/train.json', '--size', '64', '--steps', '2']
    const ok = async (...args: string[]) => {
      const { status, err, out } = await fcos([...args, '--json'])
      expect(status, err).toBe(0)
      return JSON.parse(out) as Record<string, unknown>
    }
    await ok('job', 'pack', at('job'), ...sample, '--images', 'link')
    expect(await ok('job', 'run', at('job'), '--on', 'torchrun', '--python', jobPython)).toMatchObject({
      complete: true,
    })
    expect(await ok('job', 'fetch', at('job'), '--into', at('run'))).toMatchObject({
      complete: true,
      steps: 2,
    })
    await ok(
      'train',
      ...sample,
      '--model',
      'lite0',
      '--out',
      at('direct'),
      '--on',
      'torchrun:2',
      '--python',
      jobPython,
    )
    expect(lossDifference(at('run'), at('direct'))).toBeLessThan(4e-6)
    const refused = await fcos([
      'train',
      ...sample,
      '--out',
      at('three'),
      '--on',
      'torchrun:3',
      '--python',
      jobPython,
    ])
    expect([refused.status, refused.err]).toEqual([
      2,
      expect.stringContaining('cannot be shared evenly by 3 processes'),
    ])
    expect(existsSync(at('three'))).toBe(false)
  })
})
