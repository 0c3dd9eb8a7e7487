/** Each detector learns from published weights of its backbone, is stopped and goes on, is kept, and detects from what was kept. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { EngineData, EngineEvent, TrainRequest } from '../../../src/core/contract/engine.ts'
import { detectors } from '../../../src/core/detectors/detectors.ts'
import { JobControl } from '../../../src/main/engine/control.ts'
import { detect } from '../../../src/main/engine/detect/detect.ts'
import { tensorflowRunner } from '../../../src/main/engine/detect/raw-outputs.ts'
import { Network } from '../../../src/main/engine/model/network.ts'
import { train } from '../../../src/main/engine/train/trainer.ts'
import { readCheckpoint } from '../../../src/main/engine/weights/checkpoint.ts'
import { decodeImage } from '../../../src/main/images/decode.ts'
import { readModels, weightsPath } from '../../../src/main/setup/weights.ts'
import { pictures, SMALL } from '../../support/pictures.ts'
import { scratch } from '../../support/scratch.ts'

const weights = weightsPath(readModels().find(({ name }) => name === 'efficientnet_lite0_imagenet')!)
const STEPS = 6
const HALF = 3

test.skipIf(!existsSync(weights)).each(detectors().map(({ name }) => name))(
  '%s',
  async (detector) => {
    const folder = await scratch()
    const data = outlined(await pictures(join(folder, 'pictures'), 4))
    const request = (out: string, resume: boolean): TrainRequest => ({
      method: 'train',
      out: join(folder, out),
      ...{ weights, architecture: null, data, validation: data, resume },
      options: {
        training: { steps: STEPS, size: 96, batch: 2, saveEvery: HALF, evaluateEvery: STEPS, seed: 5 },
        model: { detector } as TrainRequest['options']['model'],
      },
    })
    const run = async (to: TrainRequest, stopAt = Number.POSITIVE_INFINITY) => {
      const steps: (EngineEvent & { kind: 'step' })[] = []
      const emit = (event: EngineEvent) => {
        if (event.kind !== 'step') return
        steps.push(event)
        if (event.step === stopAt) control.cancel()
      }
      const control = new JobControl(emit, async () => {})
      return { steps, result: await train(to, emit, control) }
    }
    const stopped = await run(request('a', false), HALF)
    expect(stopped.result).toMatchObject({ steps: HALF, complete: false })
    const rest = await run(request('a', true))
    expect(rest.result).toMatchObject({ steps: STEPS, complete: true })
    const whole = await run(request('b', false))
    const losses = (steps: typeof whole.steps) => steps.map(({ step, loss }) => [step, loss])
    expect(losses([...stopped.steps, ...rest.steps])).toEqual(losses(whole.steps))
    expect(whole.steps.every(({ loss, positives }) => Number.isFinite(loss) && positives > 0)).toBe(true)
    const log = readFileSync(join(folder, 'b', 'log.jsonl'), 'utf8')
      .trim()
      .split('\n')
    const { losses: curves } = detectors().find(({ name }) => name === detector)!
    for (const { name } of curves) expect(JSON.parse(log[0]!)).toHaveProperty(name)

    const { maskStats } = whole.result.evaluation!
    expect(maskStats?.length).toBe(detector === 'polarmask' ? 12 : undefined)
    const kept = await readCheckpoint(whole.result.checkpoint)
    const image = await decodeImage(data.images[0]!.path)
    const options = { score: 1e-3, nms: 0.6, limit: 10 }
    const runner = tensorflowRunner(new Network(kept.config, kept.tensors))
    const [found = []] = await detect(runner, [image], kept.config.input, options)
    expect(found.length).toBeGreaterThan(0)
    for (const { box, score, segmentation } of found) {
      expect([...box, ...(segmentation?.flat() ?? []), score].every(Number.isFinite)).toBe(true)
      expect(score).toBeLessThanOrEqual(1)
      expect(segmentation?.[0]?.length).toBe(detector === 'polarmask' ? 72 : undefined)
    }
  },
  120_000,
)

test.skipIf(!existsSync(weights))(
  'FCOS without a quality branch, and the branch trained alone on what it learnt',
  async () => {
    const folder = await scratch()
    const data = await pictures(join(folder, 'pictures'), 4)
    const run = async (
      out: string,
      from: string,
      training: NonNullable<TrainRequest['options']['training']>,
      model: NonNullable<TrainRequest['options']['model']>,
    ) => {
      const emit = (): void => {}
      const request: TrainRequest = {
        method: 'train',
        out: join(folder, out),
        ...{ weights: from, architecture: null, data, validation: null, resume: false },
        options: {
          training: {
            steps: 3,
            size: 96,
            batch: 2,
            saveEvery: 3,
            evaluateEvery: 0,
            seed: 5,
            average: false,
            ...training,
          },
          model,
        },
      }
      const { checkpoint } = await train(request, emit, new JobControl(emit, async () => {}))
      const log = readFileSync(join(folder, out, 'log.jsonl'), 'utf8').split('\n', 1)[0]!
      return { checkpoint, step: JSON.parse(log), kept: await readCheckpoint(checkpoint) }
    }
    const plain = await run('none', weights, {}, { loss: { quality: 'none' } })
    expect(plain.step).not.toHaveProperty('centerness')
    expect([...plain.kept.tensors.keys()].filter((name) => name.includes('ctrness'))).toEqual([])
    const image = await decodeImage(data.images[0]!.path)
    const runner = tensorflowRunner(new Network(plain.kept.config, plain.kept.tensors))
    const [found = []] = await detect(runner, [image], plain.kept.config.input, {
      score: 1e-3,
      nms: 0.6,
      limit: 5,
    })
    expect(found.length).toBeGreaterThan(0)

    // Towers of their own and shared ones, with features computed once, too.
    for (const [centernessOn, cacheFeatures] of [
      ['own', true],
      ['own', false],
      ['regression', false],
    ] as const) {
      const alone = await run(
        `${centernessOn}-${cacheFeatures}`,
        plain.checkpoint,
        { learn: 'quality', cacheFeatures },
        { loss: { quality: 'centerness' }, head: { centernessOn } },
      )
      expect(alone.step.centerness).toBeGreaterThan(0)
      const isNew = (name: string) =>
        name.startsWith('head.centerness_head.') || name.includes('bbox_ctrness')
      for (const [name, { bytes: values }] of alone.kept.tensors) {
        if (isNew(name)) continue
        expect([name, values]).toEqual([name, plain.kept.tensors.get(name)!.bytes])
      }
      const bias = alone.kept.tensors.get(
        [...alone.kept.tensors.keys()].find((name) => name.endsWith('bbox_ctrness.bias'))!,
      )!
      expect(bias.bytes.some((byte) => byte !== 0)).toBe(true)
    }
    const refused = run('refused', plain.checkpoint, { learn: 'quality' }, {})
    await expect(refused).rejects.toMatchObject({ code: 'USAGE_CONFIG' })
    expect(existsSync(join(folder, 'refused'))).toBe(false)
  },
  120_000,
)

test('a run that is stopped within its last evaluation is not done, and makes that when it goes on', async () => {
  const folder = await scratch()
  const data = await pictures(join(folder, 'pictures'), 3)
  const [first, ...others] = data.images
  // Told of between the evaluation's images, and so the place to stop it.
  const missing = { ...first!, id: 9, path: join(folder, 'missing.png') }
  const validation = { ...data, images: [first!, missing, ...others] }
  const run = async (out: string, resume: boolean, stop: boolean) => {
    const emit = (event: EngineEvent) => {
      if (stop && event.kind === 'note' && event.message.startsWith('Left out of the validation')) {
        control.cancel()
      }
    }
    const control = new JobControl(emit, async () => {})
    const request: TrainRequest = {
      method: 'train',
      out: join(folder, out),
      ...{ weights: null, architecture: 'lite0', data, validation, resume },
      options: { ...SMALL, training: { ...SMALL.training, steps: 2, batch: 1 } },
    }
    return await train(request, emit, control)
  }
  const whole = await run('whole', false, false)
  expect(whole).toMatchObject({ steps: 2, complete: true, evaluation: { step: 2 } })
  const stopped = await run('stopped', false, true)
  expect(stopped).toMatchObject({ steps: 2, complete: false, evaluation: null })
  expect(existsSync(join(folder, 'stopped', 'best.safetensors'))).toBe(false)
  const rest = await run('stopped', true, false)
  expect(rest).toMatchObject({ complete: true, evaluation: whole.evaluation })
  expect(existsSync(join(folder, 'stopped', 'best.safetensors'))).toBe(true)
}, 120_000)

/** The squares as outlines with a bitten corner. */
function outlined({ categories, images }: EngineData): EngineData {
  return {
    categories,
    images: images.map((image) => ({
      ...image,
      outlines: Array.from(image.categories, (_, i) => {
        const [x1, y1, x2, y2] = image.boxes.subarray(i * 4, i * 4 + 4)
        const [x, y] = [(x1! + x2!) / 2, (y1! + y2!) / 2]
        return [[x1!, y1!, x, y1!, x, y, x2!, y, x2!, y2!, x1!, y2!]]
      }),
    })),
  }
}
