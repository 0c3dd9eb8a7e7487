import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { EngineEvent, ScoredBox } from '../../../../src/core/contract/engine.ts'
import type { WireError } from '../../../../src/core/errors.ts'
import type { Engine } from '../../../../src/main/studio/engine/client.ts'
import { differing, findAll } from '../../../../src/main/studio/exports/check-model.ts'
import { exportModel } from '../../../../src/main/studio/exports/export-model.ts'
import { scratch } from '../../../support/scratch.ts'

const found = (score: number): ScoredBox => ({ box: [1, 2, 3, 4], categoryId: 1, score })

const broken: WireError = { code: 'DATA_IMAGE_BROKEN', message: '2.jpg: the file is cut off' }

/** Engines of which each finds what is next in the list, in every image but the last `unread` ones. */
function engines(answers: readonly ScoredBox[][], unread = 0): () => Promise<Engine> {
  let started = 0
  return async () => {
    const boxes = answers[started++]!
    return {
      hello: { tensorflow: '2', device: 'cpu' },
      ended: Promise.resolve(),
      close: async () => {},
      call: async (
        request: { method: string; images: string[]; out: string },
        onEvent: (event: EngineEvent) => void,
      ) => {
        if (request.method === 'export-model') writeFileSync(request.out, 'weights')
        else
          for (const index of request.images.keys())
            onEvent(
              index < request.images.length - unread
                ? { kind: 'detected', index, width: 9, height: 9, detections: boxes }
                : { kind: 'skipped', index, error: broken },
            )
        return null
      },
    } as unknown as Engine
  }
}

const control = { signal: new AbortController().signal, report: () => {} }

async function exported(answers: readonly ScoredBox[][], overwrite = false, unread = 0) {
  const folder = await scratch()
  const out = join(folder, 'a.safetensors')
  if (overwrite) writeFileSync(out, 'older')
  const options = {
    model: '/m',
    out,
    card: 'card',
    thresholds: null,
    images: ['1', '2'],
    calibration: [],
    onnx: null,
    overwrite,
  }
  return { folder, out, result: exportModel(engines(answers, unread), options, control) }
}

test('a file with which a fresh engine finds something else is not put in place', async () => {
  const { folder, out, result } = await exported([[found(0.5)], [found(0.5 + 2 ** -52)]], true)
  await expect(result).rejects.toMatchObject({
    code: 'ENGINE_CHECK',
    message: expect.stringContaining('2 of 2'),
  })
  expect(readdirSync(folder)).toEqual(['a.safetensors'])
  expect(readFileSync(out, 'utf8')).toBe('older')
})

test('one with which it finds the same is, with its card beside it', async () => {
  const { folder, result } = await exported([[found(0.5)], [found(0.5)]])
  expect((await result).check).toEqual({
    images: 2,
    detections: 2,
    differing: 0,
    skipped: [],
    apart: null,
    agreement: null,
    engine: 'TensorFlow 2, CPU',
  })
  expect(readdirSync(folder).sort()).toEqual(['a.md', 'a.safetensors'])
})

test('an ONNX file that finds something else leaves nothing, and one without a card has no text beside it', async () => {
  const folder = await scratch()
  const engine = (differing: number) => async () =>
    ({
      close: async () => {},
      call: async (request: { method: string; out: string }) => {
        if (request.method === 'export-onnx') return void writeFileSync(request.out, 'onnx')
        return {
          images: 1,
          detections: 3,
          box: 0.2,
          score: 0,
          differing,
          skipped: [],
          agreement: null,
          runtime: 'ONNX Runtime 1',
        }
      },
    }) as unknown as Engine
  const options = {
    ...{ model: '/m', out: join(folder, 'a'), card: null, thresholds: null, images: ['1'], overwrite: false },
    calibration: [],
    onnx: { raw: false, precision: 'float32' as const },
  }
  await expect(exportModel(engine(1), options, control)).rejects.toMatchObject({ code: 'ENGINE_CHECK' })
  expect(readdirSync(folder)).toEqual([])
  await exportModel(engine(0), options, control)
  expect(readdirSync(folder)).toEqual(['a.onnx'])
})

test('an int8 file may differ in few confident detections, and is refused with the figures where it differs in more', async () => {
  const folder = await scratch()
  const asked: { method: string; calibration?: string[] }[] = []
  const engine = (agreement: { confident: number; found: number }) => async () =>
    ({
      close: async () => {},
      call: async (request: { method: string; out: string }) => {
        asked.push(request)
        if (request.method === 'export-onnx') {
          writeFileSync(request.out, 'onnx')
          return { images: 2, skipped: [] }
        }
        const all = { ...agreement, overlap: 0.9, score: 0.01 }
        return {
          ...{ images: 1, detections: 50, box: 0, score: 0, differing: 0 },
          skipped: [],
          agreement: all,
          runtime: 'R',
        }
      },
    }) as unknown as Engine
  const options = {
    ...{ model: '/m', card: null, thresholds: null, images: ['1'], overwrite: true, calibration: ['2', '3'] },
    ...{ out: join(folder, 'a.onnx'), onnx: { raw: false, precision: 'int8' as const } },
  }
  for (const few of [
    { confident: 100, found: 94 },
    { confident: 6, found: 3 },
  ])
    await expect(exportModel(engine(few), options, control)).rejects.toMatchObject({
      code: 'ENGINE_CHECK',
      message: expect.stringContaining(`${few.found} of ${few.confident} confident`),
    })
  expect(readdirSync(folder)).toEqual([])
  for (const enough of [
    { confident: 100, found: 95 },
    { confident: 6, found: 4 },
    { confident: 0, found: 0 },
  ])
    expect(await exportModel(engine(enough), options, control)).toMatchObject({
      calibration: { images: 2 },
      check: { apart: null, agreement: enough },
    })
  expect(asked[0]).toMatchObject({ method: 'export-onnx', precision: 'int8', calibration: ['2', '3'] })
})

test('an image that cannot be read was not compared: it is named, not counted as equal', async () => {
  const { result } = await exported([[found(0.5)], [found(0.5)]], false, 1)
  expect((await result).check).toMatchObject({ images: 1, detections: 1, differing: 0, skipped: [broken] })
})

test('a check in which no image can be read proves nothing, so no file is put in place', async () => {
  const { folder, result } = await exported([[found(0.5)], [found(0.5)]], false, 2)
  await expect(result).rejects.toMatchObject({
    code: 'DATA_IMAGE_BROKEN',
    message: expect.stringContaining('2.jpg'),
  })
  expect(readdirSync(folder)).toEqual([])
})

test('any difference in a box, a score, a class or their number counts, image by image', () => {
  const same: ScoredBox = { box: [1, 2, 3, 4], categoryId: 1, score: 0.5 }
  const of = (...boxes: ScoredBox[]) => [boxes]
  expect(differing(of(same), of({ ...same }))).toBe(0)
  expect(differing([broken], [broken])).toBe(0)
  for (const other of [
    of(),
    of(same, same),
    of({ ...same, box: [1, 2, 3, 4 + 2 ** -50] }),
    of({ ...same, categoryId: 2 }),
    [broken],
  ])
    expect(differing(of(same), other)).toBe(1)
})

test('the engine is told the sizes that labels are for, so that it refuses pictures of other sizes', async () => {
  let sizes: unknown
  const engine = {
    call: async (request: { sizes: unknown }, onEvent: (event: EngineEvent) => void) => {
      sizes = request.sizes
      onEvent({ kind: 'detected', index: 0, width: 4, height: 3, detections: [] })
      onEvent({ kind: 'skipped', index: 1, error: broken })
    },
  } as unknown as Engine
  const images = [{ path: '1.jpg', size: { width: 4, height: 3 } }, { path: '2.jpg' }]
  expect(await findAll(engine, '/m', images, control.signal, () => {})).toEqual([[], broken])
  expect(sizes).toEqual([{ width: 4, height: 3 }, null])
})

test('a new folder is made, and one that cannot be is told before an engine starts', async () => {
  const folder = await scratch()
  writeFileSync(join(folder, 'file'), '')
  const common = { model: '/m', card: null, thresholds: null, images: [], calibration: [], onnx: null }
  const to = (...out: string[]) =>
    exportModel(engines([[]]), { ...common, out: join(folder, ...out), overwrite: false }, control)
  await to('new', 'folder', 'a.safetensors')
  expect(readdirSync(join(folder, 'new/folder'))).toEqual(['a.safetensors'])
  const out = join(folder, 'file', 'b.safetensors')
  const unstartable = () => Promise.reject(new Error('started'))
  await expect(exportModel(unstartable, { ...common, out, overwrite: false }, control)).rejects.toMatchObject(
    {
      ...{ code: 'IO_WRITE', message: expect.stringContaining(`${out}: cannot be written (a file`) },
    },
  )
  await expect(to('new', 'folder', 'a.safetensors')).rejects.toMatchObject({
    ...{ code: 'DATA_EXISTS', remedy: 'Give another name, or --overwrite' },
  })
})
