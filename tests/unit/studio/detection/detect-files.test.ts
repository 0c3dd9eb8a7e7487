import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { DetectRequest } from '../../../../src/core/contract/engine/detection.ts'
import type { EngineEvent } from '../../../../src/core/contract/engine.ts'
import { detectFiles } from '../../../../src/main/studio/detection/detect-files.ts'
import type { JobContext } from '../../../../src/main/studio/jobs.ts'
import type { Models } from '../../../../src/main/studio/models/models.ts'
import { scratch } from '../../../support/scratch.ts'

const classes = [{ id: 1, name: 'cell' }]
let requests = 0

/** Finds as many objects as an image's name says, up to the limit. */
async function call({ images, limit }: DetectRequest, onEvent?: (event: EngineEvent) => void) {
  requests++
  onEvent?.({ kind: 'classes', runtime: 'fake', classes })
  for (const [index, file] of images.entries()) {
    const there = Number.parseInt(file.split('/').at(-1)!, 10)
    const detections = Array.from({ length: Math.min(there, limit) }, (_, i) => ({
      ...{ box: [i, 0, i + 1, 1] as const, categoryId: 1, score: 1 - i / 1000 },
    }))
    onEvent?.({ kind: 'detected', index, width: 800, height: 6, detections })
  }
  return { images: images.length, skipped: 0, complete: true, classes }
}

test('of an image with more than 100 detections the best 100 are kept, and the report counts such images', async () => {
  const out = join(await scratch(), 'out')
  const models = { engine: { call }, inTurn: (_: AbortSignal, work: () => unknown) => work() }
  const files = ['99', '100', '101', '169'].map((name, i) => ({ id: i + 1, fileName: `${name}.png` }))
  const report = await detectFiles(
    models as unknown as Models,
    { path: '/m', key: 'k', title: 'm', origin: 'file' },
    {
      ...{ images: { root: '/images', files }, out, format: 'coco', pictures: false },
      ...{ score: 0.05, nms: 0.6, thresholds: [] },
    },
    { signal: new AbortController().signal, report: () => undefined } as unknown as JobContext,
  )
  expect(report).toMatchObject({ images: 4, detections: 399, cut: 2 })
  const scores = (JSON.parse(readFileSync(join(out, 'detections.json'), 'utf8')) as Record<string, number>[])
    .filter(({ image_id }) => image_id === 4)
    .map(({ score }) => score)
  expect(scores).toEqual(Array.from({ length: 100 }, (_, i) => 1 - i / 1000))
  // The classes come with the detections.
  expect(requests).toBe(1)
})

test('detections below the minimum score of their class take no place of others', async () => {
  const out = join(await scratch(), 'out')
  const mixed = (request: DetectRequest, onEvent?: (event: EngineEvent) => void) =>
    call(request, (event) => {
      if (event.kind !== 'detected') return onEvent?.(event)
      const detections = event.detections.map((one, i) => ({ ...one, categoryId: i < 100 ? 1 : 2 }))
      onEvent?.({ ...event, detections })
    })
  const models = { engine: { call: mixed }, inTurn: (_: AbortSignal, work: () => unknown) => work() }
  const report = await detectFiles(
    models as unknown as Models,
    { path: '/m', key: 'k', title: 'm', origin: 'file' },
    {
      ...{ images: { root: '/images', files: [{ id: 1, fileName: '169.png' }] }, out, format: 'coco' },
      ...{ pictures: false, score: 0.05, nms: 0.6, thresholds: [{ classId: 1, score: 0.9985 }] },
    },
    { signal: new AbortController().signal, report: () => undefined } as unknown as JobContext,
  )
  expect(report).toMatchObject({ detections: 71, cut: 0 })
})
