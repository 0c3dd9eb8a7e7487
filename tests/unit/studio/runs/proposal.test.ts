/** What a plan comes to, and what is said before it starts; no engine is asked. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Proposal, RunPlan } from '../../../../src/core/contract/studio/runs.ts'
import { dispatch } from '../../../../src/main/studio/api/dispatch.ts'
import type { StudioHost } from '../../../../src/main/studio/api/host.ts'
import { createProject } from '../../../../src/main/studio/project/index.ts'
import { scratch } from '../../../support/scratch.ts'
import { studioHost } from '../../../support/studio.ts'

const PLAN: RunPlan = {
  model: { kind: 'pretrained', architecture: 'lite0' },
  learnFrom: 'train',
  measureWith: 'val',
  overfit: null,
  options: {},
}

const propose = (host: StudioHost, plan: Partial<RunPlan> = {}): Promise<Proposal> =>
  dispatch(host, 'runs.propose', { ...PLAN, ...plan }) as Promise<Proposal>

const kinds = ({ warnings }: Proposal): string[] => warnings.map(({ kind }) => kind)

async function sample(): Promise<StudioHost> {
  const host = await studioHost()
  await dispatch(host, 'project.openSample', {})
  return host
}

/** So many images of 100 × 100 px; `boxes` says how many of class a each has. */
async function project(boxes: readonly number[]): Promise<StudioHost> {
  const host = await studioHost()
  const made = await createProject(await scratch())
  const classId = made.classes.add('a "b"')
  for (const [i, count] of boxes.entries()) {
    const sql =
      'INSERT INTO image (path, name_key, bytes, modified, width, height) VALUES (?, ?, 1, 1, 100, 100)'
    const { lastId: image } = made.database.run(sql, `${i}.png`, `${i}.png`)
    const annotations = Array.from({ length: count }, (_, k) => ({
      classId,
      box: [5 + k, 5, 45 + k, 45] as const,
      source: 'drawn' as const,
    }))
    if (count > 0) made.annotations.add(image, annotations)
    made.images.setState([image], 'done')
  }
  await host.open(made.path, async () => made)
  return host
}

test('the sample: its splits, counts, sizes, and the preset for 44 images', async () => {
  const host = await sample()
  expect(await dispatch(host, 'runs.splits', {})).toEqual({ learnFrom: 'train', measureWith: 'val' })
  const proposal = await propose(host)
  expect(proposal).toMatchObject({
    architecture: 'lite0',
    options: { steps: 480, size: 416, batch: 2, learn: 'c2' },
    images: { training: 44, validation: 16 },
    recall: { boxes: 227, learnable: 227 },
  })
  // train.json and val.json of the sample, counted by hand.
  expect(proposal.perClass).toMatchObject([
    { name: 'die', training: 76, validation: 31 },
    { name: 'marble', training: 77, validation: 25 },
    { name: 'pawn', training: 74, validation: 31 },
  ])
  expect(proposal.sizes[0]).toEqual({ width: 640, height: 480, images: 18 })
  // This studio's engine cannot train: the only thing to warn of.
  expect(kinds(proposal)).toEqual(['cannot-train'])
})

test('what the user sets comes before the preset, and a small input loses boxes', async () => {
  const host = await sample()
  const training = { size: 128, steps: 7, schedule: { warmup: 100 } }
  const proposal = await propose(host, { options: { training } })
  expect(proposal.options).toMatchObject({ size: 128, steps: 7, batch: 2, schedule: { warmup: 1 } })
  expect(proposal.recall.learnable).toBeLessThan(227)
  expect(kinds(proposal)).toContain('unlearnable')
  const r50 = await propose(host, { model: { kind: 'pretrained', architecture: 'r50' } })
  expect(r50.options).toMatchObject({ size: 640, accumulate: 4, learn: 'head' })
})

test('no validation images, and images that are measured as well as learnt from', async () => {
  const host = await sample()
  // The sample has a validation split: dividing it anew would be bad advice.
  const { warnings } = await propose(host, { measureWith: null })
  const { message } = warnings.find(({ kind }) => kind === 'no-validation')!
  expect(message).toMatch(/Measure with the validation split$/)
  expect(kinds(await propose(host, { measureWith: 'test' }))).toContain('no-validation')
  expect(kinds(await propose(host, { learnFrom: null }))).toContain('shared-images')
  expect(kinds(await propose(host, { learnFrom: 'val' }))).toContain('shared-images')
})

test('one image by heart: no augmentation, measured on itself', async () => {
  const host = await sample()
  const [image] = host.project.find('split:train class:die')
  const proposal = await propose(host, { overfit: image! })
  expect(proposal.images).toEqual({ training: 1, validation: 1 })
  expect(proposal.options).toMatchObject({ batch: 1, augment: { hflip: 0, scale: [1, 1], mosaic: 0 } })
  expect(kinds(proposal)).toEqual(['cannot-train'])
  await expect(propose(host, { overfit: 9999 })).rejects.toMatchObject({ code: 'USAGE_IMAGE' })
})

test('few boxes, and images with far fewer than the others, are found by the query beside', async () => {
  const sparse = await project([5, 5, 5, 5, 5, 5, 5, 0, 0, 1])
  const proposal = await propose(sparse, { learnFrom: null, measureWith: null })
  const { warnings } = proposal
  const unlabelled = warnings.find(({ kind }) => kind === 'unlabelled')!
  expect(unlabelled.message).toMatch(/^3 images have at most 1 box, while the median is 5/)
  expect(sparse.project.find(unlabelled.query!)).toHaveLength(3)
  expect(warnings.some(({ kind }) => kind === 'few-boxes')).toBe(false)

  const few = await project([4, 5])
  const found = (await propose(few, { learnFrom: null })).warnings.find(({ kind }) => kind === 'few-boxes')!
  expect(found.message).toContain('a "b" (9)')
  expect(few.project.find(found.query!)).toHaveLength(2)
})

test('new images are left out and counted; without a box nothing can be learnt', async () => {
  const host = await project([12, 0])
  host.project.images.setState(host.project.find('count:0'), 'new')
  const proposal = await propose(host, { learnFrom: null })
  expect(proposal.images.training).toBe(1)
  expect(proposal.warnings).toContainEqual(
    expect.objectContaining({
      kind: 'unlabelled',
      query: 'state:new',
      message: expect.stringContaining('1 image'),
    }),
  )
  const empty = await project([0, 0])
  expect(kinds(await propose(empty, { learnFrom: null }))).toEqual(['cannot-train', 'no-boxes'])
  await expect(
    dispatch(empty, 'runs.start', { plan: { ...PLAN, learnFrom: null }, pinned: { images: [], every: 1 } }),
  ).rejects.toMatchObject({ code: 'DATA_NO_BOXES' })
  expect(empty.runs.list()).toEqual([])
})

test('weights that are not there are refused before a run is made', async () => {
  const host = await sample()
  const before = host.runs.list().length
  const model = { kind: 'file', path: join(await scratch(), 'none.pth') } as const
  await expect(
    dispatch(host, 'runs.start', { plan: { ...PLAN, model }, pinned: { images: [], every: 1 } }),
  ).rejects.toMatchObject({ code: 'USAGE_NO_FILE' })
  expect(host.runs.list()).toHaveLength(before)
})

test('the plan follows the detector: its preset, its weights, and what it needs of the data', async () => {
  const host = await sample()
  const of = (model: NonNullable<RunPlan['options']['model']>, plan: Partial<RunPlan> = {}) =>
    propose(host, { options: { model }, ...plan })
  const r50 = { model: { kind: 'pretrained', architecture: 'r50' } } as const
  expect(await of({ detector: 'retinanet' }, r50)).toMatchObject({
    ...{ detector: 'retinanet', beginsWith: expect.stringMatching(/RetinaNet as trained on COCO/) },
    options: { learn: 'head' },
  })
  // Nothing of CenterNet but its backbone is published, and what is new must learn.
  expect(await of({ detector: 'centernet' }, r50)).toMatchObject({
    ...{ detector: 'centernet', beginsWith: expect.stringMatching(/ImageNet backbone/) },
    options: { learn: 'fpn' },
  })
  const polarmask = await of({ detector: 'polarmask' })
  expect(polarmask).toMatchObject({ objects: { all: 227, outlined: 227 }, masks: false })
  expect(kinds(polarmask)).not.toContain('no-outlines')
  const boxes = await project([12])
  const unoutlined = await propose(boxes, {
    learnFrom: null,
    options: { model: { detector: 'polarmask' } },
  })
  expect(unoutlined).toMatchObject({ objects: { all: 12, outlined: 0 }, masksAdvised: false })
  expect(kinds(unoutlined)).toContain('no-outlines')
  const masks = { centre: 'mask', pixels: true, fallback: 'nearest' } as const
  expect(await of({ assignment: { masks } })).toMatchObject({ detector: 'fcos', masks: false })
  // Every object of the sample has an outline, and keeps a location within it.
  expect(await of({})).toMatchObject({ masksAdvised: true })
  expect(polarmask.masksAdvised).toBe(false)
})

test('outlines are not advised where one object would lose all of its locations to them', async () => {
  const host = await project([0])
  // A thin L, no location of which lies within: the nearest one is that of a smaller box.
  const ell = [1, 1, 2, 1, 2, 40, 41, 40, 41, 41, 1, 41]
  const objects = [
    { box: [1, 1, 41, 41] as const, segmentation: [ell] },
    { box: [2.5, 18.5, 6, 22] as const, segmentation: [[2.5, 18.5, 6, 18.5, 6, 22, 2.5, 22]] },
  ]
  const add = (annotations: readonly object[]) =>
    dispatch(host, 'annotations.add', {
      image: 1,
      annotations: annotations.map((one) => ({ classId: 1, source: 'drawn', ...one })),
    })
  const advised = async () =>
    (await propose(host, { learnFrom: null, options: { training: { size: 100 } } })).masksAdvised
  await add(objects.slice(0, 1))
  expect(await advised()).toBe(true)
  await add(objects.slice(1))
  expect(await advised()).toBe(false)
})

test('a checkpoint keeps its detector unless another is chosen', async () => {
  const host = await sample()
  const path = join(process.cwd(), 'resources/sample/run/best.safetensors')
  const model = { kind: 'file', path } as const
  expect(await propose(host, { model })).toMatchObject({
    ...{ detector: 'fcos', beginsWith: expect.stringMatching(/all of these weights/), masksAdvised: false },
  })
  expect(await propose(host, { model, options: { model: { detector: 'atss' } } })).toMatchObject({
    ...{
      detector: 'atss',
      beginsWith: expect.stringMatching(/pyramid and what fits of the head of this FCOS/),
    },
  })
  expect(await propose(host, { model, options: { model: { detector: 'centernet' } } })).toMatchObject({
    beginsWith: expect.stringMatching(/^Begins with the backbone of this FCOS/),
  })
})

test('places without a program for the detector say so in the plan and start nothing', async () => {
  const host = await sample()
  const before = host.runs.list()
  const place = { kind: 'pytorch', python: 'python3', processes: 1 } as const
  const plan = { ...PLAN, options: { model: { detector: 'centernet' } }, place }
  expect((await propose(host, plan)).warnings).toContainEqual(
    expect.objectContaining({
      kind: 'place',
      message: expect.stringMatching(/^centernet has no PyTorch program/),
    }),
  )
  expect(kinds(await propose(host, { place }))).not.toContain('place')
  await expect(
    dispatch(host, 'runs.start', { plan, pinned: { images: [], every: 1 } }),
  ).rejects.toMatchObject({ code: 'USAGE_JOB_DETECTOR' })
  expect(host.runs.list()).toEqual(before)
})

test('a class that no location learns is named', async () => {
  const host = await project([12, 12])
  const proposal = await propose(host, {
    learnFrom: null,
    options: { training: { size: 64 }, model: { assignment: { regressionRanges: { P7: [512, null] } } } },
  })
  const found = proposal.warnings.find(({ kind }) => kind === 'no-positives')
  expect(found?.message).toBe(
    'Classes that train nothing yet: a "b" (no location learns any of its 24 boxes)',
  )
})
