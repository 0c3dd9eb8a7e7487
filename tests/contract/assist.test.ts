/** The live learner, as the studio drives it: its data change while it learns. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { AssistRequest, AssistResult, EngineData, EngineEvent } from '../../src/core/contract/engine.ts'
import { decodeSafetensors } from '../../src/core/formats/safetensors.ts'
import { toFloat32 } from '../../src/core/formats/tensor-values.ts'
import { StudioHost } from '../../src/main/studio/api/host.ts'
import type { Engine } from '../../src/main/studio/engine/client.ts'
import type { PauseSwitch } from '../../src/main/studio/engine/pause-switch.ts'
import { startEngine } from '../../src/main/studio/engine/spawn.ts'
import { createProject, openProject, scanImages } from '../../src/main/studio/project/index.ts'
import { CATEGORIES, pictures, SMALL } from '../support/pictures.ts'
import { label } from '../support/simulated-labeller.ts'
import { connect } from '../support/studio.ts'
import { engines, killEngines } from '../support/training.ts'

const scratch = mkdtempSync(join(tmpdir(), 'fcos-assist-'))
const MORE = [...CATEGORIES, { id: 9, name: 'late' }]
let engine: Engine
let data: EngineData

beforeAll(async () => {
  const { categories, images } = await pictures(join(scratch, 'pictures'), 6)
  // The others are for the studio alone.
  data = { categories, images: images.slice(0, 4) }
  engine = await startEngine({ fastMath: false })
})
afterAll(async () => {
  await engine.close()
  rmSync(scratch, { recursive: true })
})

interface Running {
  readonly done: Promise<AssistResult>
  readonly events: EngineEvent[]
  stop(): void
  until(reached: (event: EngineEvent) => boolean): Promise<void>
}

function begin(change: Partial<AssistRequest> = {}, pause?: PauseSwitch): Running {
  const events: EngineEvent[] = []
  const abort = new AbortController()
  const waiting = new Set<(event: EngineEvent) => void>()
  const request: AssistRequest = {
    ...{ method: 'assist', out: join(scratch, 'run'), weights: null, architecture: 'lite0', resume: false },
    ...{ options: { ...SMALL, training: { size: 64, seed: 3 } }, data, ...change },
  }
  const onEvent = (event: EngineEvent): void => {
    events.push(event)
    for (const look of waiting) look(event)
  }
  const done = engine.call(request, onEvent, abort.signal, pause)
  const until = (reached: (event: EngineEvent) => boolean) =>
    new Promise<void>((resolve, reject) => {
      done.catch(reject)
      const look = (event: EngineEvent): void => {
        if (reached(event)) {
          waiting.delete(look)
          resolve()
        }
      }
      waiting.add(look)
    })
  return { done, events, until, stop: () => abort.abort() }
}

const tell = (changed: EngineData['images'], removed: number[] = [], categories = data.categories) =>
  engine.call({ method: 'assist-labels', categories, changed, removed }, () => {})
/** Of the weights that would be gone on with. */
const publishedStep = (folder: string): number => {
  const { metadata } = decodeSafetensors(readFileSync(join(folder, 'last.safetensors')))
  return JSON.parse(metadata.training!).step
}
const learntFrom = (out = 'run') => JSON.parse(readFileSync(join(scratch, out, 'data.json'), 'utf8'))
const classifier = (out = 'run') => {
  const { tensors } = decodeSafetensors(readFileSync(join(scratch, out, 'last.safetensors')))
  return toFloat32(tensors.get('head.classification_head.cls_logits.bias')!)
}

describe('the live learner', () => {
  it('takes images that join, change and leave, and gives a new class a row beside the others', async () => {
    const [first, ...others] = data.images
    const run = begin({ data: { ...data, images: [first!] } })
    await run.until((event) => event.kind === 'step' && event.step === 3)
    await tell(others)
    await run.until((event) => event.kind === 'published' && event.images === 4)
    expect(learntFrom().training).toHaveLength(4)
    const before = classifier()
    const nobody = { ...first!, boxes: new Float64Array(), categories: new Int32Array() }
    const withoutBoxes = { ...nobody, crowds: new Uint8Array(), areas: new Float64Array() }
    await tell([withoutBoxes], [others[0]!.id], MORE)
    await run.until((event) => event.kind === 'published' && event.images === 3)
    run.stop()
    const { steps, checkpoint } = await run.done
    expect(steps).toBe(run.events.filter(({ kind }) => kind === 'step').length)
    expect(existsSync(checkpoint)).toBe(true)
    const { training, categories } = learntFrom()
    expect(categories).toEqual(MORE)
    expect(training.map(({ id }: { id: number }) => id)).toEqual([others[1]!.id, others[2]!.id, first!.id])
    expect(training[2].boxes).toEqual([])
    const after = classifier()
    expect([before.length, after.length]).toEqual([CATEGORIES.length, MORE.length])
    // The old rows go on from where they were: a new model's begin at −4.6 all alike, and a few steps move them little.
    for (const [i, bias] of before.entries()) expect(Math.abs(after[i]! - bias)).toBeLessThan(0.5)
  })

  it('goes on where it was, from what was published where nothing else was saved', async () => {
    rmSync(join(scratch, 'run', 'state.safetensors'))
    const steps = begin({ resume: true, data: { categories: MORE, images: data.images }, weights: null })
    await steps.until(({ kind }) => kind === 'step')
    steps.stop()
    const plan = steps.events.find((event) => event.kind === 'plan')
    expect(plan).toMatchObject({ resumedFrom: expect.any(Number) })
    const { steps: taken } = await steps.done
    expect(taken).toBeGreaterThan((plan as { resumedFrom: number }).resumedFrom)
    expect((plan as { resumedFrom: number }).resumedFrom).toBeGreaterThan(3)
  })

  it('rests once the loss is flat, without using the processor, and wakes with a label', async () => {
    const still = { optimiser: { rate: 1e-9 }, size: 64, batch: 25, seed: 3 }
    const run = begin({ out: join(scratch, 'still'), options: { ...SMALL, training: still } })
    await run.until((event) => event.kind === 'assist' && event.resting)
    const cpu = () => {
      const [, fields] = readFileSync(`/proc/${engine.hello.pid}/stat`, 'utf8').split(') ')
      const parts = fields!.split(' ')
      return Number(parts[11]) + Number(parts[12])
    }
    const [before, steps] = [cpu(), run.events.length]
    await new Promise((resolve) => setTimeout(resolve, 1000))
    // Hundredths of a second.
    if (process.platform === 'linux') expect(cpu() - before).toBeLessThanOrEqual(5)
    expect(run.events.length).toBe(steps)
    const woken = run.until(({ kind }) => kind === 'step')
    await tell([data.images[1]!])
    await woken
    run.stop()
    await run.done
  })

  it('begins again where an engine ended before it had published anything', async () => {
    for (const file of ['state.safetensors', 'last.safetensors']) rmSync(join(scratch, 'still', file))
    const run = begin({ out: join(scratch, 'still') })
    await run.until(({ kind }) => kind === 'step')
    run.stop()
    await run.done
    await expect(begin({ out: join(scratch, 'still') }).done).rejects.toMatchObject({
      code: 'USAGE_RUN_EXISTS',
    })
  })

  it('refuses labels while it does not run', async () => {
    await expect(tell([])).rejects.toMatchObject({ code: 'ENGINE_REQUEST' })
  })
})

describe('Assist in the studio', () => {
  const home = join(scratch, 'home')
  const start = () =>
    new StudioHost({
      info: () => ({
        ...{ version: '0', shell: 'browser', platform: 'linux' },
        engine: { title: 'CPU', canTrain: true },
        detection: [],
      }),
      ...{ dataFolder: join(home, 'data'), cacheFolder: join(home, 'cache'), sampleFolder: home },
    })
  let host: StudioHost
  // The learner gives way to everything else on a busy machine.
  const patience = { timeout: 200_000 }
  const reached = (what: (state: StudioHost['assist']['state']) => boolean) =>
    expect.poll(() => what(host.assist.state) || JSON.stringify(host.assist.state), patience).toBe(true)
  /** Labels in the project's words. */
  const truthOf = (at: number) => {
    const { boxes, categories } = data.images[at]!
    const ids = host.project.classes.all().map(({ id }) => id)
    return Array.from(categories, (category, i) => {
      const [x1, y1, x2, y2] = boxes.subarray(4 * i, 4 * i + 4) as unknown as [number, number, number, number]
      return { classId: ids[category - 1]!, box: [x1, y1, x2, y2] as const }
    })
  }
  const finish = async (at: number): Promise<number> => {
    const image = host.project.find('-has:error')[at]!
    await label(host, image, truthOf(at))
    await host.assist.settled()
    return image
  }
  const learntNow = () => {
    const { folder } = host.runs.store.get(host.assist.state.run!)
    return JSON.parse(readFileSync(join(folder, 'data.json'), 'utf8'))
  }

  it('learns what was finished, is judged before it learns from it, and follows what is undone', async () => {
    host = start()
    onTestFinished(() => host.close())
    const project = await createProject(join(home, 'project'), { imageRoot: join(scratch, 'pictures') })
    await scanImages(project)
    await host.open(project.path, async () => project)
    for (const { name } of CATEGORIES) project.classes.add(name)
    // A small network at a small size is in use: Assist goes on from it.
    const own = join(scratch, 'run', 'last.safetensors')
    await host.models.use(project.path, own)
    const client = connect(host)

    expect(await client.call('assist.start', {})).toMatchObject({ phase: 'waiting', images: 0, run: null })
    const first = await finish(0)
    // Switched off while its engine starts: nobody waits for that, and the next start begins the same run again.
    expect(host.assist.state.phase).toBe('starting')
    await host.assist.stop()
    expect(host.runs.list()).toMatchObject([{ name: 'Assist', state: 'stopped', checkpoint: null }])
    await client.call('assist.start', {})
    const second = await finish(1)
    await reached(({ phase, step }) => phase === 'learning' && step > 0)
    await reached(() => host.runs.list()[0]?.checkpoint !== null)
    expect(host.runs.list()[0]).toMatchObject({ name: 'Assist', assist: true, state: 'running', steps: null })
    await expect.poll(async () => (await host.models.current(project.path))?.title, patience).toBe('Assist')
    expect((await host.models.current(project.path))?.replaced?.path).toBe(own)
    expect(host.assist.judgements).toEqual([])

    const third = await finish(2)
    expect(host.assist.judgements.map(({ image }) => image)).toEqual([third])
    const judged = host.assist.judgements[0]!
    expect(judged).toMatchObject({ shown: false, labels: truthOf(2).map(({ classId }) => classId) })
    await reached(({ proposing, images }) => proposing && images === 3)

    // An image without objects is learnt from as well, and one that is opened again is not judged twice.
    await label(host, project.find('-has:error')[3]!, [])
    await host.assist.settled()
    project.images.setState([third], 'in-progress')
    await host.assist.settled()
    expect(host.assist.state.images).toBe(3)
    project.images.setState([third], 'done')
    await host.assist.settled()
    expect(host.assist.judgements).toHaveLength(2)
    expect(host.assist.state.summary).toMatchObject({ images: 1, drawn: { boxes: 0 } })

    // What was mislabelled and is undone is learnt as it is now.
    const [label0] = project.annotations.of(first)
    const other = project.classes.all().find(({ id }) => id !== label0!.classId)!
    project.annotations.update(label0!.id, { classId: other.id })
    await host.assist.settled()
    const classesOfFirst = () =>
      learntNow().training.find(({ id }: { id: number }) => id === first)?.categories
    await expect.poll(classesOfFirst, patience).toEqual([other.id, other.id])
    project.history.undo()
    await host.assist.settled()
    await expect.poll(classesOfFirst, patience).toEqual([label0!.classId, other.id])

    // A class that appears late has a row of its own.
    const late = project.classes.add('late')
    project.annotations.add(second, [{ classId: late, box: [1, 1, 30, 30], source: 'drawn' }])
    await host.assist.settled()
    await expect.poll(() => host.runs.list()[0]!.classes?.length, patience).toBe(3)

    // Without a class there is nothing to learn from, for as long as that lasts; labels come back with their class.
    project.history.change('Delete all', () => {
      for (const { id } of project.classes.all()) project.classes.remove(id)
    })
    await host.assist.settled()
    expect(host.assist.state).toMatchObject({ phase: 'waiting', images: 0, doubts: 0 })
    project.history.undo()
    await host.assist.settled()
    const { step } = host.assist.state
    await reached((state) => state.phase === 'learning' && state.images === 4 && state.step > step)
    expect(host.runs.list()[0]!.classes).toHaveLength(3)

    // The engine is killed, at a moment when labels change: Assist goes on by itself with what was published last, and no
    // label is lost.
    const { folder } = host.runs.store.get(host.assist.state.run!)
    const kept = publishedStep(folder)
    killEngines()
    const [moved] = project.annotations.of(second)
    project.annotations.update(moved!.id, { box: [2, 2, 40, 40] })
    await host.assist.settled()
    expect(host.assist.state).toMatchObject({ error: null })
    await expect.poll(() => publishedStep(folder), patience).toBeGreaterThan(kept)
    await reached((state) => state.phase === 'learning')
    expect(project.annotations.of(second)).toHaveLength(3)
    const { run } = host.assist.state
    const fifth = project.find('-has:error')[4]!
    await host.close()

    // Closed and opened, by a process that finishes the fifth image and is killed while it learns.
    const file = fileURLToPath(new URL('../support/assisted-studio.ts', import.meta.url))
    const killed = spawn(process.execPath, [file, home, project.path, String(fifth)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [known] = (await once(killed.stdout, 'data')) as [Buffer]
    expect(Number(known)).toBe(5)
    const published = publishedStep(folder)
    killed.kill('SIGKILL')
    await once(killed, 'exit')

    // It goes on where it was.
    host = start()
    onTestFinished(() => host.close())
    await host.open(project.path, () => openProject(project.path))
    expect(host.project.images.get(fifth)).toMatchObject({ state: 'done' })
    await reached((state) => state.phase === 'learning')
    expect(host.assist.state).toMatchObject({ run, images: 5 })
    expect(host.assist.state.step).toBeGreaterThan(published)
    expect(host.assist.judgements).toHaveLength(3)

    // Whatever it is about: a step, publishing, or starting. A step takes as long as the machine's other work lets it.
    const from = { at: performance.now(), step: host.assist.state.step }
    await reached((state) => state.step >= from.step + 5)
    const stepMs = (performance.now() - from.at) / (host.assist.state.step - from.step)
    const began = performance.now()
    expect(await host.assist.stop()).toMatchObject({ phase: 'off' })
    expect(performance.now() - began).toBeLessThan(1000 + 10 * stepMs)
    // What answers for the open image is left.
    expect(engines().length).toBeLessThanOrEqual(1)
    expect(host.runs.list()[0]).toMatchObject({ state: 'stopped', resumable: false })
    expect(host.assist.wasOn).toBe(false)
    // What the user had chosen is in use again, although Assist went on in another process meanwhile.
    expect((await host.models.current(project.path))?.path).toBe(own)

    // Off and on again, by two windows at the same time.
    await host.assist.start()
    await reached((state) => state.phase === 'learning')
    const last = host.assist.state.step
    await Promise.all([host.assist.stop(), host.assist.start()])
    await reached((state) => state.phase === 'learning' && state.step > last)

    // Off while an image that was finished is still looked at: nothing begins any more.
    await host.assist.stop()
    host.project.images.setState([host.project.find('-has:error')[5]!], 'done')
    const starting = host.assist.start()
    await expect.poll(() => host.assist.state.phase).toBe('waiting')
    await host.assist.stop()
    await starting
    expect(host.assist.state.phase).toBe('off')
    expect(engines().length).toBeLessThanOrEqual(1)
  }, 600_000)
})
