/**
 * Where numbers differ from those of other tools by definition, as docs/evaluate.md tells it: our side by hand, the other
 * side by the tool itself. The tools are Python packages of FCOS_PEER_PYTHON; what is not there is skipped, and said.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { nms } from '../../src/core/detectors/shared/nms.ts'
import { confusionMatrix } from '../../src/core/evaluation/analysis/confusion.ts'
import { rank } from '../../src/core/evaluation/analysis/ranked-tables.ts'
import { layOut } from '../../src/core/evaluation/tables.ts'

const python = process.env.FCOS_PEER_PYTHON
const has = (name: string): boolean => {
  const there = python !== undefined && spawnSync(python, ['-c', `import ${name}`]).status === 0
  if (!there)
    console.warn(`FCOS_PEER_PYTHON has no ${name}: that definitions differ as documented is not tested`)
  return there
}

function peer<Answer>(what: 'confusion' | 'nms', scene: unknown): Answer {
  const script = join(import.meta.dirname, '../support/peer_definitions.py')
  const input = JSON.stringify(scene)
  return JSON.parse(execFileSync(python!, [script, what], { input, encoding: 'utf8' })) as Answer
}

type Box = readonly [x1: number, y1: number, x2: number, y2: number]
interface Scene {
  readonly objects: readonly (readonly [...Box, classIndex: number])[]
  readonly detections: readonly (readonly [...Box, classIndex: number, score: number])[]
}

const xywh = ([x1, y1, x2, y2]: readonly number[]) => [x1!, y1!, x2! - x1!, y2! - y1!] as const

function confusion({ objects, detections }: Scene): readonly (readonly number[])[] {
  const truth = {
    categories: [0, 1].map((id) => ({ id, name: String(id) })),
    images: [{ id: 1 }],
    objects: objects.map((row) => {
      const box = xywh(row)
      return { imageId: 1, categoryId: row[4], box, area: box[2] * box[3], crowd: false }
    }),
  }
  const found = detections.map((row) => ({
    ...{ imageId: 1, categoryId: row[4], score: row[5] },
    box: xywh(row),
  }))
  return confusionMatrix(rank(layOut(truth, found)), { score: 0, iou: 0.5 }).counts
}

/** A sure box of the wrong class on an object, and one of the right class nearby. */
const OVERLAP: Scene = {
  objects: [[0, 0, 20, 20, 0]],
  detections: [
    [0, 0, 20, 20, 1, 0.9],
    [5, 0, 25, 20, 0, 0.8],
  ],
}
/** An IoU of exactly 0.5. */
const HALF: Scene = { objects: [[0, 0, 20, 20, 0]], detections: [[0, 0, 20, 10, 0, 0.9]] }

describe('confusion', () => {
  const [overlap, half] = [confusion(OVERLAP), confusion(HALF)]

  test('here the sure box takes the object, whatever its class, from the threshold on', () => {
    expect(overlap).toEqual([
      [0, 1, 0],
      [0, 0, 0],
      [1, 0, 0],
    ])
    expect(half).toEqual([
      [1, 0, 0],
      [0, 0, 0],
      [0, 0, 0],
    ])
  })

  test.skipIf(!has('supervision'))(
    'supervision pairs the own class first, and only above the threshold',
    () => {
      const asked = { classes: 2, iou: 0.5 }
      expect(peer('confusion', { ...OVERLAP, ...asked })).toEqual([
        [1, 0, 0],
        [0, 0, 0],
        [0, 1, 0],
      ])
      expect(peer('confusion', { ...HALF, ...asked })).toEqual([
        [0, 0, 1],
        [0, 0, 0],
        [1, 0, 0],
      ])
    },
  )
})

describe('NMS at an IoU of exactly the threshold', () => {
  const boxes = [
    [0, 0, 20, 20],
    [5, 0, 25, 20],
  ]
  const scores = [0.9, 0.8]

  test('keeps both boxes here', () => {
    const kept = nms(
      Float32Array.from(boxes.flat()),
      Float32Array.from(scores),
      Int32Array.of(0, 0),
      0.6,
      100,
    )
    expect([...kept]).toEqual([0, 1])
  })

  test.skipIf(!has('torchvision'))('in torchvision drops one, whose IoU float32 takes for more', () => {
    expect(peer('nms', { boxes, scores, iou: 0.6 })).toEqual([0])
    // 0.5 is the same in both.
    expect(
      peer('nms', {
        boxes: [
          [0, 0, 20, 20],
          [0, 0, 20, 10],
        ],
        scores,
        iou: 0.5,
      }),
    ).toEqual([0, 1])
  })
})
