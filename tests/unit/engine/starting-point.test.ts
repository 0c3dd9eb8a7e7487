/** What a training starts with: the file decides the architecture, the preset, and which classes begin from which rows. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import type { EngineData } from '../../../src/core/contract/engine.ts'
import type { ModelChoices } from '../../../src/core/detectors/detector.ts'
import { detectorOf } from '../../../src/core/detectors/detectors.ts'
import { lite0Config } from '../../../src/core/detectors/fcos/presets.ts'
import type { ModelConfig } from '../../../src/core/detectors/model-config.ts'
import { elementCount, encodeSafetensors, type Tensor } from '../../../src/core/formats/safetensors.ts'
import { tensorOf, toFloat32 } from '../../../src/core/formats/tensor-values.ts'
import { modelTensors } from '../../../src/main/engine/model/tensors.ts'
import { initialWeights } from '../../../src/main/engine/train/initial-weights.ts'
import { startingPoint } from '../../../src/main/engine/train/starting-point.ts'
import { writeCheckpoint } from '../../../src/main/engine/weights/checkpoint.ts'
import { architectureOfFile } from '../../../src/main/studio/engine/weights-file.ts'
import { fixtureShapes, numberedWeights } from '../../support/state-dict.ts'

const scratch = mkdtempSync(join(tmpdir(), 'starting-point-'))
afterAll(() => rmSync(scratch, { recursive: true }))

const SAMPLE_RUN = fileURLToPath(new URL('../../../resources/sample/run/best.safetensors', import.meta.url))
const LOGITS = 'head.classification_head.cls_logits'

function saved(name: string, weights: Map<string, Tensor>): string {
  const path = join(scratch, name)
  writeFileSync(path, encodeSafetensors(weights, {}))
  return path
}

const dataOf = (...names: string[]): EngineData => ({
  categories: names.map((name, i) => ({ id: 10 * (i + 1), name })),
  images: [
    {
      ...{ id: 1, path: 'a.png', width: 8, height: 8, boxes: new Float64Array() },
      ...{ categories: new Int32Array(), crowds: new Uint8Array(), areas: new Float64Array() },
    },
  ],
})

const start = (weights: string, data = dataOf('pawn')) =>
  startingPoint({ weights, architecture: null, data, options: {} })

/** Faster R-CNN's backbone and pyramid are named and shaped as FCOS's. */
const fasterRcnn = (): Map<string, Tensor> =>
  numberedWeights([
    ...fixtureShapes('torchvision_state_dict.json').filter(([name]) =>
      /^backbone\.(body|fpn\.(inner|layer))/.test(name),
    ),
    ['rpn.head.conv.0.0.weight', [4, 4, 3, 3]],
    ['roi_heads.box_predictor.cls_score.weight', [91, 4]],
  ])

test.each([
  ['a lite0 checkpoint', () => SAMPLE_RUN, 'lite0'],
  [
    "lite0's ImageNet file",
    () => saved('imagenet', numberedWeights(fixtureShapes('efficientnet_lite0_state_dict.json'))),
    'lite0',
  ],
  [
    "torchvision's FCOS",
    () => saved('coco', numberedWeights(fixtureShapes('torchvision_state_dict.json'))),
    'r50',
  ],
  ['Faster R-CNN', () => saved('faster', fasterRcnn()), 'r50'],
] as const)('%s gives its own architecture and preset', async (_, file, architecture) => {
  const path = file()
  const { config, options } = await start(path)
  expect(config.architecture).toBe(architecture)
  expect([options.size, options.optimiser.kind, options.learn]).toEqual(
    architecture === 'lite0'
      ? [416, 'adamw', 'c2']
      : // P6 and P7 of an FPN are not Faster R-CNN's, so that the pyramid has to learn.
        [640, 'sgd', path.endsWith('faster') ? 'fpn' : 'head'],
  )
  expect(config.input.longSide).toBe(options.size)
  expect(await architectureOfFile(path)).toBe(architecture)
})

test('what fits of a Faster R-CNN is loaded, and the rest is listed', async () => {
  const weights = fasterRcnn()
  const { config, state, report } = await start(saved('fits', weights))
  const fits = modelTensors(config).filter(({ name }) => weights.has(name))
  expect(fits.length).toBeGreaterThan(270)
  for (const { name } of fits)
    expect(toFloat32(state.get(name)!), name).toEqual(toFloat32(weights.get(name)!))
  expect(report).toMatch(new RegExp(`^${fits.length} of ${modelTensors(config).length} tensors loaded`))
  expect(report).toMatch(/backbone.fpn.*re-initialised, not in the file/)
  expect(report).toMatch(/roi_heads.*not used, a part of another detector's head/)
})

test('a file of something else is refused by the plan as by the engine', async () => {
  const path = saved('other', numberedWeights([['encoder.weight', [2, 2]]]))
  await expect(start(path)).rejects.toMatchObject({ code: 'WEIGHTS_ARCHITECTURE' })
  await expect(architectureOfFile(path)).rejects.toMatchObject({ code: 'WEIGHTS_ARCHITECTURE' })
  await expect(architectureOfFile(join(scratch, 'absent'))).rejects.toMatchObject({ code: 'USAGE_NO_FILE' })
})

test('weights that are not finite are named before anything is trained', async () => {
  const weights = fasterRcnn()
  const name = 'backbone.body.layer3.0.conv1.weight'
  const { shape } = weights.get(name)!
  weights.set(name, tensorOf(new Float32Array(elementCount(shape)).fill(Number.NaN, 0, 3), shape))
  await expect(start(saved('nan', weights))).rejects.toMatchObject({
    code: 'WEIGHTS_NOT_FINITE',
    message: expect.stringContaining(`3 values of ${name}`),
  })
})

/** Row k of the file's classifier is k + 1 throughout. */
async function checkpointOf(...names: string[]): Promise<string> {
  const config = lite0Config(names.map((name, id) => ({ id, name })))
  const tensors = initialWeights(config, 1)
  for (const [name, { shape }] of [...tensors].filter(([name]) => name.startsWith(LOGITS))) {
    const row = elementCount(shape) / names.length
    tensors.set(
      name,
      tensorOf(
        Float32Array.from({ length: row * names.length }, (_, i) => 1 + Math.floor(i / row)),
        shape,
      ),
    )
  }
  const path = join(scratch, `${names.join('-')}.safetensors`)
  await writeCheckpoint(path, { config, tensors })
  return path
}

test.each([
  [
    ['A', 'a'],
    ['a', 'A'],
    [2, 1],
  ],
  [['A'], ['a', 'A'], [0, 1]],
  [['a'], ['A', 'a', 'b'], [0, 1, 0]],
  [
    ['Cat', 'dog'],
    ['dog', 'cat'],
    [2, 1],
  ],
  [['caf\u00e9'], ['cafe\u0301'], [1]],
  [
    ['x', 'X'],
    [' X ', 'y'],
    [0, 0],
  ],
])('classes %j of a file: %j begin from rows %j (0: a new one)', async (file, own, rows) => {
  const { state, report } = await start(await checkpointOf(...file), dataOf(...own))
  const bias = toFloat32(state.get(`${LOGITS}.bias`)!)
  expect([...bias].map((value) => (Number.isInteger(value) ? value : 0))).toEqual(rows)
  if (own.includes('cat')) expect(report).toMatch(/The class cat starts from the file's Cat/)
})

test('choices that another detector has are refused in its own words', async () => {
  const options = { model: { head: { norm: 'group', centernessOn: 'sideways' } } } as never
  await expect(
    startingPoint({ weights: SAMPLE_RUN, architecture: null, data: dataOf('pawn'), options }),
  ).rejects.toMatchObject({ code: 'USAGE_CONFIG', message: expect.stringContaining('FCOS') })
})

/** A checkpoint of random weights, the names of the outputs' tensors, and what a run of another kind takes from it. */
async function across(from: ModelConfig, model: ModelChoices, names: readonly string[]) {
  const path = join(scratch, 'other-meaning.safetensors')
  const tensors = initialWeights(from, 7)
  await writeCheckpoint(path, { config: from, tensors })
  const data = dataOf(...names)
  const { config, state, report } = await startingPoint({
    ...{ weights: path, architecture: null, data, options: { model } },
  })
  const fresh = initialWeights(config, 0)
  const same = (one: Tensor | undefined, other: Tensor | undefined): boolean =>
    JSON.stringify([...toFloat32(one!)]) === JSON.stringify([...toFloat32(other!)])
  return {
    report: report!,
    isLoaded: (name: string): boolean => same(state.get(name), tensors.get(name)),
    isNew: (name: string): boolean => same(state.get(name), fresh.get(name)),
  }
}

const CODES = 'head.regression_head.bbox_reg.weight'
const TOWER = 'head.regression_head.conv.0.weight'
const CENTERNESS = 'head.regression_head.bbox_ctrness.weight'
const classesOf = (...names: string[]) => names.map((name, id) => ({ id, name }))

test('tensors of one name and shape that mean something else are left out, and the report says so', async () => {
  const fcos = lite0Config(classesOf('pawn'))
  const atss = await across(fcos, { detector: 'atss' }, ['pawn'])
  expect(atss.isNew(CODES)).toBe(true)
  expect([TOWER, CENTERNESS, `${LOGITS}.weight`].map(atss.isLoaded)).toEqual([true, true, true])
  expect(atss.report).toMatch(
    /bbox_reg.*re-initialised, the model's mean codes relative to a square anchor, the file's distances to the sides in strides/,
  )
  expect(atss.report).toMatch(/scales.*re-initialised, the model's mean a factor of codes/)

  const points = await across(fcos, { detector: 'atss', head: { coding: 'point' } }, ['pawn'])
  expect(points.isLoaded(CODES)).toBe(true)

  const polarmask = await across(fcos, { detector: 'polarmask' }, ['pawn'])
  expect([polarmask.isNew(CODES), polarmask.isLoaded(TOWER)]).toEqual([true, true])
  expect(polarmask.report).toMatch(/logarithms of distances/)

  // The same detector with other choices.
  const exp = await across(fcos, { head: { distance: 'exp' } }, ['pawn'])
  expect([exp.isNew(CODES), exp.isLoaded(CENTERNESS)]).toEqual([true, true])
  const quality = await across(fcos, { loss: { quality: 'iou' } }, ['pawn'])
  expect([quality.isLoaded(CODES), quality.isNew(CENTERNESS)]).toEqual([true, true])
})

test('rows of anchors are not taken for rows of classes', async () => {
  const nine = 'abcdefghi'.split('')
  const retinanet = await across(lite0Config(classesOf(...nine)), { detector: 'retinanet' }, ['a'])
  expect(retinanet.isNew(`${LOGITS}.weight`)).toBe(true)
  expect(retinanet.report).toMatch(/per anchor, the file's a score of each class per location/)
  const anchors = detectorOf({ detector: 'retinanet' }).presets.lite0(classesOf('a'))
  const fcos = await across(anchors, { detector: 'fcos' }, nine)
  expect(fcos.isNew(`${LOGITS}.weight`)).toBe(true)
})

test('what is new in the network learns: the preset follows what is loaded', async () => {
  const weights = saved('coco-again', numberedWeights(fixtureShapes('torchvision_state_dict.json')))
  const learnt = async (model: ModelChoices, file: string | null = weights) =>
    (
      await startingPoint({
        ...{ weights: file, architecture: 'r50', data: dataOf('pawn'), options: { model } },
      })
    ).options.learn
  expect(await learnt({ detector: 'centernet' })).toBe('fpn')
  expect(await learnt({ detector: 'atss' }, null)).toBe('c2')
})
