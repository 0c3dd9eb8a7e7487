/** Training runs in the studio, with the real engine: what windows see of them, and what is left when something fails. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { decodePinned } from '../../src/core/contract/pinned.ts'
import type { RunCost, RunPlan } from '../../src/core/contract/studio/runs.ts'
import { pyramid } from '../../src/core/pyramid/levels.ts'
import type { StudioHost } from '../../src/main/studio/api/host.ts'
import { readFileAsset } from '../support/read-asset.ts'
import { scratch } from '../support/scratch.ts'
import { connect, ended } from '../support/studio.ts'
import { engineHost, killEngines, QUICK, watch } from '../support/training.ts'

const NOTHING_PINNED = { images: [], every: 1 }

async function sampleStudio(folder?: string) {
  const host = engineHost(folder ?? (await scratch()))
  onTestFinished(() => host.close())
  const client = connect(host)
  await client.call('project.openSample', {})
  return { host, client, ...watch(client) }
}

/** Held after its first step, however quick the machine. */
async function heldRun({ client, until }: Awaited<ReturnType<typeof sampleStudio>>): Promise<string> {
  const paused = until('paused')
  const { id: run } = await client.call('runs.start', { plan: QUICK, pinned: NOTHING_PINNED })
  await client.call('runs.pause', { run })
  await paused
  return run
}

/** All steps once, in order. */
async function expectWhole(host: StudioHost, run: string): Promise<void> {
  const { steps, evaluations } = await connect(host).call('runs.curves', { run, after: 0 })
  expect(steps).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  expect(evaluations.map(({ step }) => step)).toEqual([4, 8])
}

test('a run is measured, watched, paused, gone on with, kept, renamed and deleted', async () => {
  const { host, client, changes, until } = await sampleStudio()
  expect(await client.call('runs.splits', {})).toEqual({ learnFrom: 'train', measureWith: 'val' })
  const cost = (await ended(client, await client.call('runs.probe', QUICK))).result as RunCost
  expect(cost).toMatchObject({ canvas: { width: 128, height: 128 }, prepareSeconds: 0 })
  expect(cost.secondsPerStep).toBeGreaterThan(0)
  expect(cost.peakMb).toBeGreaterThan(100)

  const { ids } = await client.call('images.find', { query: 'split:val' })
  const pinned = { images: ids.slice(0, 2), every: 2 }
  const paused = until('paused')
  const { id: run } = await client.call('runs.start', { name: 'First', plan: QUICK, pinned })
  expect((await client.call('runs.list', {}))[0]).toMatchObject({ id: run, name: 'First', state: 'running' })
  await client.call('runs.pause', { run })
  await expect(client.call('runs.start', { plan: QUICK, pinned })).rejects.toMatchObject({
    code: 'USAGE_TRAINING',
  })
  await expect(client.call('runs.probe', QUICK)).rejects.toMatchObject({ code: 'USAGE_TRAINING' })
  const { step } = await paused
  expect(await client.call('jobs.list', {})).toContainEqual(
    expect.objectContaining({
      kind: 'runs.start',
      title: 'Train First',
      state: 'running',
      progress: step / 8,
    }),
  )
  await client.call('runs.rename', { run, name: 'Second' })
  const done = until('done')
  await client.call('runs.continue', { run })
  const end = await done
  expect(end).toMatchObject({
    name: 'Second',
    step: 8,
    steps: 8,
    size: 128,
    architecture: 'lite0',
    images: 44,
  })
  expect(end.best?.ap).toBeGreaterThanOrEqual(0)
  expect(existsSync(end.checkpoint!)).toBe(true)
  expect(end.resumable).toBe(false)
  await expectWhole(host, run)
  // What came by events is what was kept.
  const { figures } = await client.call('runs.curves', { run, after: 0 })
  expect(changes.flatMap(({ curves }) => curves?.figures.loss ?? [])).toEqual(figures.loss)
  expect(await client.call('runs.curves', { run, after: 6 })).toMatchObject({
    steps: [7, 8],
    evaluations: [{ step: 8 }],
  })

  // The sample's own model measured better and stays in use.
  const [, own] = await client.call('runs.list', {})
  expect(own!.best!.ap).toBeGreaterThan(end.best!.ap)
  expect(await client.call('models.current', {})).toMatchObject({ path: own!.checkpoint })

  const detail = await client.call('runs.detail', { run })
  expect(detail.pinned).toMatchObject({
    images: pinned.images.map((image) => ({ image })),
    steps: [2, 4, 6, 8],
  })
  const asset = await host.respond(`/asset/run/${run}/pinned/1`, new URLSearchParams({ step: '6' }))
  const seen = decodePinned(await readFileAsset(asset))
  expect(seen).toMatchObject({ step: 6, index: 1 })
  expect(seen.maps.centerness!.length).toBe(pyramid(seen.input, 'half-stride').locations)
  expect((await host.respond(`/asset/run/${run}/pinned/1`, new URLSearchParams({ step: '5' }))).status).toBe(
    404,
  )

  const image = detail.data && ids[0]!
  await client.call('annotations.add', {
    image: image!,
    annotations: [{ classId: 1, box: [1, 2, 30, 40], source: 'drawn' }],
  })
  expect((await client.call('runs.detail', { run })).changes).toEqual({
    images: [image],
    addedBoxes: 1,
    removedBoxes: 0,
    gone: 0,
  })
  await client.call('runs.delete', { run })
  expect((await client.call('runs.list', {})).some(({ id }) => id === run)).toBe(false)
  expect(existsSync(detail.folder)).toBe(false)
}, 180_000)

test('an engine that is killed is replaced, and the run goes on from its last state', async () => {
  const studio = await sampleStudio()
  const { host, client, until } = studio
  await client.call('models.use', { path: null })
  const run = await heldRun(studio)
  const done = until(({ state }) => state === 'done' || state === 'failed')
  await client.call('runs.continue', { run })
  killEngines()
  const end = await done
  expect(end).toMatchObject({ state: 'done', step: 8 })
  // No other model was in use.
  expect(await client.call('models.current', {})).toMatchObject({ path: end.checkpoint })
  await expectWhole(host, run)
  const { notes } = await client.call('runs.detail', { run })
  expect(notes).toContainEqual(
    expect.stringMatching(/ended unexpectedly.*Continuing from the last saved state/),
  )
}, 180_000)

test('a program that is killed leaves a run that can be resumed', async () => {
  const folder = await scratch()
  const program = fileURLToPath(new URL('../support/train-and-wait.ts', import.meta.url))
  const child = spawn(process.execPath, [program, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  const printed = text(child.stdout)
  child.stdout.once('data', () => child.kill('SIGKILL'))
  await once(child, 'exit')
  const run = (await printed).trim()

  const { host, client, until } = await sampleStudio(folder)
  const left = (await client.call('runs.list', {})).find(({ id }) => id === run)
  expect(left).toMatchObject({ state: 'interrupted', resumable: true })
  expect(left!.step).toBeGreaterThanOrEqual(1)
  const done = until(({ state }) => state === 'done' || state === 'failed')
  await client.call('runs.resume', { run })
  expect(await done).toMatchObject({ state: 'done' })
  await expectWhole(host, run)
}, 180_000)

test('closing the project saves and stops the run, which is resumed when it is open again', async () => {
  const folder = await scratch()
  const studio = await sampleStudio(folder)
  const { host, client, until } = studio
  const run = await heldRun(studio)
  const stopped = until('stopped')
  await client.call('project.close', {})
  const { step } = await stopped
  await client.call('project.openSample', {})
  expect((await client.call('runs.list', {})).find(({ id }) => id === run)).toMatchObject({
    state: 'stopped',
    resumable: true,
    step,
  })
  expect((await client.call('runs.detail', { run })).notes.join()).toMatch(/because the project was closed/)
  // A checkpoint of the user's own has no AP with which the run's could be compared.
  const own = join(folder, 'own.safetensors')
  copyFileSync((await client.call('models.current', {}))!.path, own)
  await client.call('models.use', { path: own })
  const done = until('done')
  await client.call('runs.resume', { run })
  await done
  await expectWhole(host, run)
  expect(await client.call('models.current', {})).toMatchObject({ path: own })
}, 180_000)

test('a full disk, and a network that is too large, end a run with word of what was kept', async () => {
  const studio = await sampleStudio()
  const { host, client, until } = studio
  const ended = () => until(({ state }) => state === 'failed' || state === 'done')
  const run = await heldRun(studio)
  let end = ended()
  const { folder } = await client.call('runs.detail', { run })
  const full = join(folder, 'state.safetensors.partial')
  rmSync(full, { force: true })
  symlinkSync('/dev/full', full)
  await client.call('runs.continue', { run })
  const failed = await end
  expect(failed).toMatchObject({ state: 'failed', resumable: true, error: { code: 'IO_DISK_FULL' } })
  expect(failed.error!.remedy).toMatch(
    /^The state of step \d+ and earlier checkpoints are kept in .*Free some space/,
  )
  rmSync(full, { force: true })
  end = ended()
  await client.call('runs.resume', { run })
  expect(await end).toMatchObject({ state: 'done', error: null })
  await expectWhole(host, run)

  end = ended()
  const large: RunPlan = {
    ...QUICK,
    options: { ...QUICK.options, training: { ...QUICK.options.training, size: 4096, batch: 100_000 } },
  }
  await client.call('runs.start', { plan: large, pinned: NOTHING_PINNED })
  expect(await end).toMatchObject({
    state: 'failed',
    error: {
      code: 'RUNTIME_OUT_OF_MEMORY',
      remedy: expect.stringMatching(/kept in .*smaller batch or input size$/),
    },
  })
}, 240_000)
