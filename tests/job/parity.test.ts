/** The Python program beside the engine: the same run, whoever trains it, alone or in several processes. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AugmentConfig } from '../../src/core/contract/augmentation.ts'
import type { EngineEvent } from '../../src/core/contract/engine.ts'
import { RunData } from '../../src/core/contract/run-data.ts'
import { RunRecord } from '../../src/core/contract/run-record.ts'
import { OptimiserConfig, ScheduleConfig, TrainingOptions } from '../../src/core/contract/training.ts'
import { BACKGROUND } from '../../src/core/detectors/assigner.ts'
import { AssignmentRules, FcosConfig, HeadConfig, LossConfig } from '../../src/core/detectors/fcos/config.ts'
import { FCOS } from '../../src/core/detectors/fcos/index.ts'
import { torchvisionConfig } from '../../src/core/detectors/fcos/presets.ts'
import { decodeSafetensors } from '../../src/core/formats/safetensors.ts'
import { toFloat32 } from '../../src/core/formats/tensor-values.ts'
import { WHOLE_IMAGES } from '../../src/core/training/tiles.ts'
import { BatchMaker } from '../../src/main/engine/data/batch.ts'
import { trainingSamples } from '../../src/main/engine/data/samples.ts'
import { modelTensors } from '../../src/main/engine/model/tensors.ts'
import { writeCheckpoint } from '../../src/main/engine/weights/checkpoint.ts'
import { PROGRAM, pythonEnvironment } from '../../src/main/jobs/python.ts'
import { formulaStateDict } from '../support/formula.ts'
import {
  begin,
  GO_ON,
  jobPython,
  logOf,
  lossDifference,
  type Options,
  python,
  SMALL,
  sampleSets,
  sayIfSkipped,
  start,
  trainInEngine,
  trainInTorch,
  weightDifference,
} from '../support/job-runs.ts'
import { largestDifference } from '../support/largest-difference.ts'

sayIfSkipped('PyTorch beside the engine')

const common = { size: 128, batch: 2, saveEvery: 2, seed: 3 } as const
const sgd: Options = {
  training: {
    ...{
      ...common,
      steps: 4,
      accumulate: 2,
      evaluateEvery: 4,
      learn: 'c2',
      normaliser: 'moving',
      average: false,
    },
    optimiser: { kind: 'sgd', rate: 1e-3 },
  },
  model: SMALL,
}
const adamw: Options = {
  training: {
    ...common,
    steps: 6,
    evaluateEvery: 3,
    optimiser: { rate: 1e-3 },
    augment: { mosaic: 0.5, mosaicUntil: 0.8, hflip: 0.5 },
  },
  model: { head: { ...SMALL.head, centernessOn: 'own' }, loss: { quality: 'iou' } },
}

describe.skipIf(jobPython === '')('a run in PyTorch', { timeout: 900_000 }, () => {
  let folder = ''
  const at = (name: string): string => path.join(folder, name)

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'fcos-jobs-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))
  const trained = new Map<string, Promise<unknown>>()
  /** Runs that several tests compare with, each trained when it is first asked for: by the engine or in PyTorch. */
  async function runOf(name: 'engine-sgd' | 'engine-adamw' | 'torch-sgd' | 'torch-adamw'): Promise<string> {
    const options = name.endsWith('sgd') ? sgd : adamw
    const begun =
      trained.get(name) ?? (name.startsWith('engine') ? trainInEngine : trainInTorch)(at(name), options)
    trained.set(name, begun)
    await begun
    return at(name)
  }

  test('sees the same inputs, learns the same targets and detects the same', async () => {
    const inputs = 6
    await runOf('torch-adamw')
    python(['tests/job/parity_inputs.py', at('torch-adamw'), at('inputs.safetensors'), String(inputs)])
    const { tensors, metadata } = decodeSafetensors(readFileSync(at('inputs.safetensors')))
    const json = (file: string): unknown =>
      JSON.parse(readFileSync(path.join(at('torch-adamw'), file), 'utf8'))
    const { model, canvas, options } = RunRecord.parse(json('run.json'))
    const { data, validation } = RunData.parse(json('data.json'))
    const plan = {
      ...{
        samples: trainingSamples(data, model.classes, WHOLE_IMAGES),
        canvas,
        input: model.input,
        augment: options.augment,
      },
      ...{ seed: options.seed, batchSize: options.batch, totalSteps: options.steps, copies: null },
    }
    const maker = new BatchMaker(plan, 2 ** 26, (_, error) => {
      throw error
    })
    const config = model as FcosConfig
    const grid = FCOS.grid(canvas, config)
    let positives = 0
    for (let step = 0; step < inputs / options.batch; step++) {
      const batch = await maker.make(step)
      const pixels = batch.images.length / options.batch
      for (let n = 0; n < options.batch; n++) {
        const position = step * options.batch + n
        const theirs = (name: string) => toFloat32(tensors.get(`${name}/${position}`)!)
        const integers = (name: string) =>
          new Int32Array(Uint8Array.from(tensors.get(`${name}/${position}`)!.bytes).buffer)
        const image = batch.images.subarray(n * pixels, (n + 1) * pixels)
        expect(largestDifference(image, theirs('images'))).toBeLessThan(2e-6)
        expect(theirs('boxes')).toEqual(batch.boxes[n])
        expect(integers('classes')).toEqual(batch.classes[n])
        const target = FCOS.targets(grid, config, { boxes: batch.boxes[n]!, classes: batch.classes[n]! })
        const label = new Int32Array(grid.locations).fill(BACKGROUND)
        const ltrb = new Float32Array(grid.locations * 4)
        for (const [i, location] of target.positives.location.entries()) {
          label[location] = target.classes[target.positives.gt[i]!]!
          ltrb.set(target.positives.ltrb.subarray(4 * i, 4 * i + 4), 4 * location)
        }
        expect(integers('label')).toEqual(label)
        expect(theirs('ltrb')).toEqual(ltrb)
        positives += target.positives.location.length
      }
    }
    expect(positives).toBeGreaterThan(20)

    const found = JSON.parse(metadata.found!) as { box: number[]; categoryId: number; score: number }[][]
    const ours: typeof found = []
    const engine = await start()
    await engine.call(
      {
        ...{ method: 'detect', model: path.join(at('torch-adamw'), 'start.safetensors'), size: null },
        images: validation!.images.map((image) => image.path),
        ...{ score: 0.0101, nms: 0.6, limit: 100, batch: 1, tile: 'off' },
      },
      (event) => {
        if (event.kind === 'detected')
          ours.push(event.detections.map((one) => ({ ...one, box: [...one.box] })))
      },
    )
    await engine.close()
    expect(found.flat().length).toBeGreaterThan(50)
    expect(found.map((image) => image.map(({ categoryId }) => categoryId))).toEqual(
      ours.map((image) => image.map(({ categoryId }) => categoryId)),
    )
    const boxes = (of: typeof found) => of.flat().flatMap(({ box }) => box)
    const scores = (of: typeof found) => of.flat().map(({ score }) => score)
    expect(largestDifference(boxes(found), boxes(ours))).toBeLessThan(2e-3)
    expect(largestDifference(scores(found), scores(ours))).toBeLessThan(2e-6)
  })

  test('knows every setting of the studio but the one that is refused', () => {
    const script = `import json
from fcos_job import model, train
known = {"model": model.SETTINGS, "head": model.HEAD_SETTINGS, "training": train.OPTIONS, **train.RULES, **train.PARTS_OF_OPTIONS}
print(json.dumps({part: sorted(settings) for part, settings in known.items()}))`
    const settings = (schema: { readonly shape: object }) => Object.keys(schema.shape).sort()
    expect(JSON.parse(python(['-c', script]))).toEqual({
      model: settings(FcosConfig),
      head: settings(HeadConfig),
      loss: settings(LossConfig),
      assignment: settings(AssignmentRules).filter((name) => name !== 'masks'),
      training: settings(TrainingOptions),
      optimiser: settings(OptimiserConfig),
      schedule: settings(ScheduleConfig),
      augment: settings(AugmentConfig),
    })
  })

  test('detects the same with R-50', async () => {
    const classes = [1, 2, 3].map((id) => ({ id, name: `class ${id}` }))
    const preset = torchvisionConfig(classes)
    const config = {
      ...preset,
      batchNormEpsilon: 1e-3,
      input: { ...preset.input, shortSide: 128, longSide: 128 },
    }
    const file = at('r50.safetensors')
    await writeCheckpoint(file, { config, tensors: formulaStateDict(modelTensors(config)) })
    const { validation } = await sampleSets(1, 1)
    const image = validation.images[0]!.path
    const script = `import json, sys, torch
from fcos_job import data, detect, model
network = model.load(sys.argv[1])
assert len(network.state_dict()) == 319
print(json.dumps(detect.detect(network, data.read_image(sys.argv[2]), torch.device("cpu"), score=0.02)))`
    const theirs = JSON.parse(python(['-c', script, file, image])) as {
      box: number[]
      score: number
      categoryId: number
    }[]
    const engine = await start()
    const ours: typeof theirs = []
    await engine.call(
      {
        ...{ method: 'detect', model: file, size: null, images: [image] },
        ...{ score: 0.02, nms: 0.6, limit: 100, batch: 1, tile: 'off' },
      },
      (event) => {
        if (event.kind === 'detected')
          ours.push(...event.detections.map((one) => ({ ...one, box: [...one.box] })))
      },
    )
    await engine.close()
    expect(ours.length).toBeGreaterThan(20)
    expect(theirs).toHaveLength(ours.length)
    for (const one of ours) {
      const same = theirs.filter(
        ({ box, score, categoryId }) =>
          categoryId === one.categoryId &&
          Math.abs(score - one.score) < 2e-5 &&
          largestDifference(box, one.box) < 5e-3,
      )
      expect(same.length, JSON.stringify(one)).toBeGreaterThan(0)
    }
  })

  test('takes the same steps of SGD', async () => {
    const [ours] = logOf(await runOf('engine-sgd'))
    const [theirs] = logOf(await runOf('torch-sgd'))
    expect(Object.keys(theirs!).sort()).toEqual(Object.keys(ours!).sort())
    expect(theirs!.loss! / ours!.loss! - 1).toBeCloseTo(0, 6)
    expect(theirs!.gradientNorm! / ours!.gradientNorm! - 1).toBeCloseTo(0, 4)
    expect(lossDifference(at('torch-sgd'), at('engine-sgd'))).toBeLessThan(1e-6)
    expect(weightDifference(at('torch-sgd'), at('engine-sgd'))).toBeLessThan(1e-6)
    expect(weightDifference(at('torch-sgd'), at('engine-sgd'), 'state.safetensors')).toBeLessThan(5e-3)
  })

  test('takes the same steps of AdamW with mosaics, averages the weights, and measures the same', async () => {
    expect(lossDifference(await runOf('torch-adamw'), await runOf('engine-adamw'))).toBeLessThan(2e-4)
    const stats = (name: string) =>
      logOf(at(name), 'evaluations.jsonl') as unknown as { stats: number[]; step: number }[]
    expect(stats('torch-adamw').map(({ step }) => step)).toEqual([2, 5])
    for (const [i, { stats: theirs }] of stats('torch-adamw').entries())
      expect(largestDifference(theirs, stats('engine-adamw')[i]!.stats)).toBeLessThan(2e-3)
    // A step of AdamW has the size of the rate whatever the gradient's: where that is nearly 0, rounding decides its sign.
    expect(weightDifference(at('torch-adamw'), at('engine-adamw'))).toBeLessThan(5e-3)
  })

  test('in two processes is the run of one', async () => {
    await trainInTorch(at('two'), sgd, { processes: 2 })
    expect(lossDifference(at('two'), await runOf('torch-sgd'))).toBeLessThan(4e-6)
    expect(weightDifference(at('two'), at('torch-sgd'))).toBeLessThan(5e-7)
  })

  test('which is noticed where processes divide by their own positives', async () => {
    await begin(at('fault'), sgd)
    const args = [
      '-m',
      'torch.distributed.run',
      '--standalone',
      '--nproc-per-node=2',
      'tests/job/not_reduced.py',
      at('fault'),
    ]
    const { status, stderr } = spawnSync(jobPython, args, {
      env: pythonEnvironment(PROGRAM, { OMP_NUM_THREADS: '1' }),
      encoding: 'utf8',
    })
    expect(status, stderr).toBe(0)
    expect(lossDifference(at('fault'), await runOf('torch-sgd'))).toBeGreaterThan(0.01)
  })

  test('goes on in the engine, and a run of the engine goes on in PyTorch', async () => {
    const stopAfter = (steps: number) => {
      const stop = new AbortController()
      const onEvent = (event: EngineEvent): void => {
        if (event.kind === 'step' && event.step === steps) stop.abort()
      }
      return { signal: stop.signal, onEvent }
    }
    expect(await trainInTorch(at('begun'), sgd, stopAfter(2))).toMatchObject({ complete: false })
    await trainInEngine(at('begun'), {}, GO_ON)
    await trainInEngine(at('begun too'), sgd, {}, stopAfter(2))
    expect(await trainInTorch(at('begun too'), {}, {}, GO_ON)).toMatchObject({ complete: true, steps: 4 })
    // Made for PyTorch, and never begun there.
    await begin(at('unbegun'), sgd)
    await trainInEngine(at('unbegun'), {}, GO_ON)
    for (const name of ['begun', 'begun too', 'unbegun']) {
      expect(lossDifference(at(name), await runOf('engine-sgd'))).toBeLessThan(1e-6)
      expect(weightDifference(at(name), at('engine-sgd'))).toBeLessThan(1e-6)
    }
  })
})
