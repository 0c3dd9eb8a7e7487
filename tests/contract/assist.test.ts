/** The live learner, as the studio drives it: its data change while it learns. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AssistRequest, AssistResult, EngineData, EngineEvent } from '../../src/core/contract/engine.ts'
import { decodeSafetensors } from '../../src/core/formats/safetensors.ts'
import { toFloat32 } from '../../src/core/formats/tensor-values.ts'
import type { Engine } from '../../src/main/studio/engine/client.ts'
import type { PauseSwitch } from '../../src/main/studio/engine/pause-switch.ts'
import { startEngine } from '../../src/main/studio/engine/spawn.ts'
import { CATEGORIES, pictures, SMALL } from '../support/pictures.ts'

const scratch = mkdtempSync(join(tmpdir(), 'fcos-assist-'))
const MORE = [...CATEGORIES, { id: 9, name: 'late' }]
let engine: Engine
let data: EngineData

beforeAll(async () => {
  data = await pictures(join(scratch, 'pictures'), 4)
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

  it('refuses labels while it does not run', async () => {
    await expect(tell([])).rejects.toMatchObject({ code: 'ENGINE_REQUEST' })
  })
})
