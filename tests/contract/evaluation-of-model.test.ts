/** A checkpoint evaluated in the studio, against what the engine measured on the same images while training. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { EngineData, TrainResult } from '../../src/core/contract/engine.ts'
import { EvaluationEntry, OracleResult } from '../../src/core/contract/studio/evaluation.ts'
import { readPoints } from '../../src/core/contract/studio/evaluation-points.ts'
import type { StudioClient } from '../../src/core/contract/wire.ts'
import { detectorOf, detectors } from '../../src/core/detectors/detectors.ts'
import type { ModelConfig } from '../../src/core/detectors/model-config.ts'
import { ORACLE_STEPS, oracleSteps } from '../../src/core/evaluation/oracle/steps.ts'
import { initialWeights } from '../../src/main/engine/train/initial-weights.ts'
import { readCheckpoint, writeCheckpoint } from '../../src/main/engine/weights/checkpoint.ts'
import type { StudioHost } from '../../src/main/studio/api/host.ts'
import { startEngine } from '../../src/main/studio/engine/spawn.ts'
import { pictures, SMALL } from '../support/pictures.ts'
import { scratch } from '../support/scratch.ts'
import { connect, ended, studioHost } from '../support/studio.ts'

const folder = mkdtempSync(join(tmpdir(), 'fcos-evaluated-'))
const images = join(folder, 'pictures')
let data: EngineData
let trained: TrainResult

beforeAll(async () => {
  data = await pictures(images, 6)
  const engine = await startEngine({ fastMath: false })
  const training = { ...SMALL.training, steps: 80, batch: 2, saveEvery: 100, optimiser: { rate: 3e-3 } }
  trained = await engine.call(
    {
      method: 'train',
      out: join(folder, 'run'),
      weights: null,
      architecture: 'lite0',
      data,
      validation: data,
      options: { ...SMALL, training },
      resume: false,
    },
    () => {},
  )
  await engine.close()
}, 180_000)
afterAll(() => rmSync(folder, { recursive: true }))

/** The pictures with their labels, every one done. */
async function project(): Promise<{ host: StudioHost; client: StudioClient }> {
  const host = await studioHost()
  const client = connect(host)
  await client.call('project.create', { folder: await scratch(), imageRoot: images })
  for (const job of await client.call('jobs.list', {})) await ended(client, { job: job.id })
  const classIds: number[] = []
  for (const { name } of data.categories) classIds.push((await client.call('classes.add', { name })).id)
  const { ids } = await client.call('images.find', { query: '' })
  for (const [i, image] of ids.entries()) {
    const { boxes, areas } = data.images[i]!
    const annotations = classIds.map((classId, n) => {
      const [x1, y1, x2, y2] = boxes.slice(n * 4, n * 4 + 4) as unknown as [number, number, number, number]
      return { classId, box: [x1, y1, x2, y2] as const, source: 'drawn' as const, area: areas[n]! }
    })
    await client.call('annotations.add', { image, annotations })
  }
  await client.call('images.setState', { ids, state: 'done' })
  return { host, client }
}

test('the numbers are those of training; rankings, points and oracles belong to them', async () => {
  const { host, client } = await project()
  const source = { kind: 'model', path: trained.checkpoint } as const
  const job = await ended(client, await client.call('evaluation.start', { source, query: '' }))
  expect(job.error).toBeNull()
  const entry = EvaluationEntry.parse(job.result)
  expect(entry.rankings).toEqual(['score', 'class'])
  const known = trained.evaluation!.stats
  expect(known[0]).toBeGreaterThan(0.02)
  // The window's engine may round convolutions to bfloat16.
  for (const [i, value] of known.entries()) expect(Math.abs(entry.stats[i]! - value)).toBeLessThan(0.03)

  const of = { evaluation: entry.id }
  const alone = await client.call('evaluation.summary', { ...of, ranking: 'class' })
  const page = { classId: null, offset: 0, limit: 500 } as const
  const { findings } = await client.call('evaluation.findings', {
    ...{ ...of, ...page, ranking: 'score', sort: null },
    of: { kind: 'offCentre', classScore: 0.05 },
  })
  expect(findings.length).toBeGreaterThan(0)
  for (const axis of ['score', 'product', 'class'] as const) {
    const query = new URLSearchParams({ ranking: 'score', axis, objects: 'any class' })
    const { body } = await host.respond(`/asset/evaluation/${entry.id}/points`, query)
    const bytes = Uint8Array.from(body as Buffer)
    const { scores, indices } = readPoints(bytes.buffer)
    const at = indices.indexOf(findings[0]!.detected!.index)
    const { score } = findings[0]!.detected!
    if (axis === 'score') expect(scores[at]).toBeCloseTo(score, 5)
    if (axis === 'product') expect(scores[at]).toBeCloseTo(score ** 2, 5)
    // p ≥ √(p·c), since c ≤ 1.
    if (axis === 'class') expect(scores[at]).toBeGreaterThanOrEqual(score ** 2)
  }

  expect(await client.call('evaluation.oracleResult', of)).toBeNull()
  const oracle = await ended(client, await client.call('evaluation.oracle', of))
  expect(oracle.error).toBeNull()
  const bars = OracleResult.parse(oracle.result)
  expect(bars.map(({ step }) => step)).toEqual([...ORACLE_STEPS])
  expect(bars[0]!.ap).toBeCloseTo(alone.stats[0]!, 6)
  expect(bars[1]!.ap).toBeCloseTo(entry.stats[0]!, 6)
  // With class and box given, only what no location stands for is lost.
  expect(bars.at(-1)!.ap).toBeGreaterThan(0.8)
  expect(await client.call('evaluation.oracleResult', of)).toEqual(bars)
}, 120_000)

/** Untrained, and undecided about classes, so that there is something to detect. */
async function untrained(config: ModelConfig, detector: ReturnType<typeof detectors>[number], file: string) {
  const tensors = initialWeights(config, 1)
  for (const { outputs } of detector.head(config).towers)
    for (const { tensor, perClass } of outputs) if (perClass) tensors.get(`${tensor}.bias`)!.bytes.fill(0)
  await writeCheckpoint(file, { config, tensors })
}

test('every detector is evaluated, asked for its oracle, described and exported', async () => {
  const { client } = await project()
  const classes = data.categories.map(({ id, name }) => ({ id, name }))
  const kinds = detectors().flatMap((detector) => {
    const preset = detector.presets.lite0(classes)
    const config = { ...preset, input: { ...preset.input, shortSide: 64, longSide: 64 } }
    const without = { ...config, loss: { ...(config.loss as object), quality: 'none' } }
    const one = { detector, config, name: detector.name }
    return detector.name === 'fcos' ? [one, { ...one, config: without, name: 'without quality' }] : [one]
  })
  for (const { detector, config, name } of kinds) {
    const model = join(folder, `${name}.safetensors`)
    await untrained(config, detector, model)
    const source = { kind: 'model', path: model } as const
    const job = await ended(client, await client.call('evaluation.start', { source, query: '' }))
    expect([name, job.error]).toEqual([name, null])
    const entry = EvaluationEntry.parse(job.result)
    expect([name, entry.detections > 0, entry.stats[0]! >= 0]).toEqual([name, true, true])
    const oracle = await ended(client, await client.call('evaluation.oracle', { evaluation: entry.id }))
    expect([name, oracle.error]).toEqual([name, null])
    const bars = OracleResult.parse(oracle.result)
    expect([name, bars.map(({ step }) => step)]).toEqual([name, oracleSteps(detectorOf(config))])
    const apOf = (step: string) => bars.find((bar) => bar.step === step)!.ap
    // As it is, the oracle has what was evaluated, but for ties, of which an untrained model has many. What is given to it can only help.
    expect([name, apOf('asIs')]).toEqual([name, expect.closeTo(entry.stats[0]!, 4)])
    expect([name, apOf('box') >= apOf('class'), apOf('class') >= apOf('asIs')]).toEqual([name, true, true])
    // Peaks of an untrained heat map may all lie beside the objects; everywhere else every location is a candidate.
    if (detector.name !== 'centernet') expect([name, apOf('box') > apOf('asIs')]).toEqual([name, true])
    const { card } = await client.call('exports.card', { model, evaluation: entry.id, licence: '' })
    expect(card).toContain(detector.title)
    const out = join(await scratch(), 'taken.safetensors')
    const written = await ended(
      client,
      await client.call('exports.model', { model, out, card, thresholds: null, check: 1, overwrite: false }),
    )
    expect([name, written.error]).toEqual([name, null])
    expect((await readCheckpoint(out)).config).toEqual(config)
  }
}, 180_000)

test('without a checkpoint, and a job that is cancelled', async () => {
  const { client } = await project()
  const start = (path: string) =>
    client.call('evaluation.start', { source: { kind: 'model', path }, query: '' })
  expect((await ended(client, await start(join(folder, 'none.safetensors')))).error?.code).toBe(
    'WEIGHTS_NOT_FOUND',
  )
  const job = await start(trained.checkpoint)
  await client.call('jobs.cancel', job)
  expect((await ended(client, job)).state).toBe('cancelled')
  expect(await client.call('evaluation.list', {})).toEqual([])
}, 240_000)
