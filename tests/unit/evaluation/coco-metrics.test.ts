import { describe, expect, it } from 'vitest'
import { evaluate, evaluateGroundTruth } from '../../../src/core/evaluation/coco-metrics.ts'
import type { TrueObject } from '../../../src/core/evaluation/ground-truth.ts'
import { curve } from '../../../src/core/evaluation/precision-recall.ts'
import {
  AREA,
  IOU_50,
  IOU_THRESHOLDS,
  RECALL_THRESHOLDS,
  UP_TO,
} from '../../../src/core/evaluation/protocol.ts'
import type { Annotation } from '../../../src/core/formats/dataset.ts'
import type { Detection } from '../../../src/core/formats/detection.ts'
import type { BoxXywh } from '../../../src/core/geometry/box.ts'

const object = (box: BoxXywh, rest: Partial<TrueObject> = {}): TrueObject => ({
  imageId: 1,
  categoryId: 1,
  box,
  area: box[2] * box[3],
  crowd: false,
  ...rest,
})

const detection = (box: BoxXywh, score: number, rest: Partial<Detection> = {}): Detection => ({
  imageId: 1,
  categoryId: 1,
  box,
  score,
  ...rest,
})

const evaluated = (objects: TrueObject[], detections: Detection[]) =>
  evaluateGroundTruth(
    { categories: [{ id: 1, name: 'cat' }], images: [{ id: 1 }, { id: 2 }], objects },
    detections,
  )

const metrics = (objects: TrueObject[], detections: Detection[]) =>
  evaluated(objects, detections).perCategory[0]!

const A: BoxXywh = [10, 10, 40, 40]
const B: BoxXywh = [200, 100, 40, 40]
const NOWHERE: BoxXywh = [400, 400, 40, 40]

describe('average precision, worked by hand', () => {
  it('reads the envelope at 101 recalls: 1 up to recall 0.5, 2/3 beyond', () => {
    const { ap50 } = metrics(
      [object(A), object(B)],
      [detection(A, 0.9), detection(NOWHERE, 0.8), detection(B, 0.7)],
    )
    expect(ap50).toBeCloseTo((51 * 1 + 50 * (2 / 3)) / 101, 12)
  })

  it('a box of IoU 0.72 is found at the thresholds 0.50 to 0.70', () => {
    const { ap, ap50, ap75, ar100 } = metrics([object([0, 0, 100, 100])], [detection([0, 0, 100, 72], 0.9)])
    expect([ap, ap50, ap75, ar100]).toEqual([expect.closeTo(0.5, 12), expect.closeTo(1, 12), 0, 0.5])
  })

  it('an object is found once, a second detection of it is wrong', () => {
    const { ap50 } = metrics(
      [object(A), object(B)],
      [detection(A, 0.9), detection(A, 0.8), detection(B, 0.7)],
    )
    expect(ap50).toBeCloseTo((51 * 1 + 50 * (2 / 3)) / 101, 12)
  })

  it('without detections it is 0, without objects −1', () => {
    expect(evaluated([object(A)], []).stats).toEqual([0, 0, 0, -1, 0, -1, 0, 0, 0, -1, 0, -1])
    expect(evaluated([], [detection(A, 0.9)]).stats).toEqual(new Array(12).fill(-1))
  })
})

describe('equal scores', () => {
  it('on one image keep the order given', () => {
    const wrongFirst = [detection(NOWHERE, 0.5), detection(A, 0.5)]
    expect(metrics([object(A)], wrongFirst).ap50).toBeCloseTo(1 / 2, 12)
    expect(metrics([object(A)], wrongFirst.toReversed()).ap50).toBeCloseTo(1, 12)
  })

  it('on several images go by image id, whatever the order given', () => {
    const right = detection(A, 0.5, { imageId: 2 })
    const wrong = detection(NOWHERE, 0.5, { imageId: 1 })
    for (const detections of [
      [right, wrong],
      [wrong, right],
    ]) {
      expect(metrics([object(A, { imageId: 2 })], detections).ap50).toBeCloseTo(1 / 2, 12)
    }
  })
})

describe('crowds', () => {
  const CROWD: BoxXywh = [300, 300, 100, 100]
  const inside = [detection([310, 310, 20, 20], 0.9), detection([350, 350, 30, 30], 0.8)]

  it('take any number of detections, which count as neither right nor wrong', () => {
    const crowd = object(CROWD, { crowd: true })
    const { ap50, objects } = metrics([crowd, object(A)], [...inside, detection(A, 0.1)])
    expect(objects).toBe(1)
    expect(ap50).toBeCloseTo(1, 12)
  })

  it('the share of the detection inside decides, not IoU: 0.6 is ignored at 0.60, wrong at 0.65', () => {
    const crowd = object(CROWD, { crowd: true })
    // 60 of 100 columns lie inside.
    const { ap } = metrics([crowd, object(A)], [detection([340, 300, 100, 100], 0.9), detection(A, 0.1)])
    expect(ap).toBeCloseTo((3 * 1 + 7 * 0.5) / 10, 12)
  })

  it('a real object is preferred to a crowd that fits better', () => {
    const crowd = object(A, { crowd: true })
    expect(metrics([crowd, object([10, 10, 40, 30])], [detection(A, 0.9)]).ar100).toBe(0.6)
  })
})

it('of ignored objects that fit equally the last is taken, a crowd staying free for others', () => {
  // Both fit `first` with 0.8. `second` fits the large object with 0.6 and lies half inside the crowd.
  const large = object([106, 100, 24, 30], { area: 5000 })
  const crowd = object([100, 0, 24, 200], { crowd: true })
  const small = object([300, 300, 20, 20])
  const first = detection([100, 100, 30, 30], 0.9)
  const second = detection([112, 100, 24, 30], 0.8)
  const detections = [first, second, detection([300, 300, 20, 20], 0.1)]
  // Wrong among small ones: none up to IoU 0.60, one up to 0.80, both beyond.
  expect(metrics([large, crowd, small], detections).apSmall).toBeCloseTo((3 + 4 / 2 + 3 / 3) / 10, 12)
  // Here `first` takes the large object, and `second` is ignored at 0.50 only.
  expect(metrics([crowd, large, small], detections).apSmall).toBeCloseTo((1 + 6 / 2 + 3 / 3) / 10, 12)
})

describe('size classes', () => {
  it('are closed: 32² pixels are small and medium', () => {
    const box: BoxXywh = [5, 5, 32, 32]
    const { apSmall, apMedium, apLarge } = metrics([object(box)], [detection(box, 0.9)])
    expect([apSmall, apMedium, apLarge]).toEqual([expect.closeTo(1, 12), expect.closeTo(1, 12), -1])
  })

  it("go by the annotation's area", () => {
    const { apSmall, apMedium } = metrics([object(A, { area: 900 })], [detection(A, 0.9)])
    expect([apSmall, apMedium]).toEqual([expect.closeTo(1, 12), -1])
  })

  it('a wrong detection of another size does not count', () => {
    const { apSmall, apMedium } = metrics(
      [object([5, 5, 20, 20]), object(A)],
      [detection([300, 300, 50, 50], 0.9), detection([5, 5, 20, 20], 0.8), detection(A, 0.7)],
    )
    expect(apSmall).toBeCloseTo(1, 12)
    expect(apMedium).toBeCloseTo(1 / 2, 12)
  })
})

it('a wrong detection of 32² pixels is wrong among small and medium ones', () => {
  const wrong = detection([300, 300, 32, 32], 0.9)
  const { apSmall, apMedium } = metrics(
    [object([5, 5, 20, 20]), object(A)],
    [wrong, detection([5, 5, 20, 20], 0.8), detection(A, 0.7)],
  )
  expect([apSmall, apMedium]).toEqual([expect.closeTo(1 / 2, 12), expect.closeTo(1 / 2, 12)])
})

describe('curves', () => {
  const setting = { t: IOU_50, k: 0, a: AREA.all, m: UP_TO[100] }

  it('give the score at which each recall is reached; recall 0 by the first detection, even a wrong one', () => {
    const { curves } = evaluated([object(A), object(B)], [detection(NOWHERE, 0.9), detection(A, 0.8)])
    const { precision, scores } = curve(curves, setting)
    expect([scores[0], scores[1], scores[50], scores[51]]).toEqual([0.9, 0.8, 0.8, 0])
    expect([precision[0], precision[50], precision[51]]).toEqual([0.5, 0.5, 0])
  })

  it("have pycocotools' machine epsilon in the precision of a lone find", () => {
    const { curves } = evaluated([object(A)], [detection(A, 0.8)])
    expect(curve(curves, setting).precision[100]).toBe(0.9999999999999998)
  })

  it("are read at numpy.linspace's thresholds", () => {
    expect(IOU_THRESHOLDS).toEqual([0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.8999999999999999, 0.95])
    expect([35, 41, 57, 70, 100].map((r) => RECALL_THRESHOLDS[r])).toEqual([
      0.35000000000000003, 0.41000000000000003, 0.5700000000000001, 0.7000000000000001, 1,
    ])
  })
})

describe('limits on detections', () => {
  it('average recall with the best 1 and the best 10', () => {
    const { ar1, ar10 } = metrics([object(A)], [detection(NOWHERE, 0.9), detection(A, 0.8)])
    expect([ar1, ar10]).toEqual([0, 1])
  })

  it('the 101st detection of an image and category does not count', () => {
    const wrong = Array.from({ length: 100 }, () => detection(NOWHERE, 0.9))
    expect(metrics([object(A)], [...wrong, detection(A, 0.8)]).ar100).toBe(0)
    expect(metrics([object(A)], [...wrong.slice(1), detection(A, 0.8)]).ar100).toBe(1)
  })
})

describe('input that does not fit the ground truth', () => {
  it('leaves out detections and objects of unlisted categories', () => {
    const elsewhere = { categoryId: 7 }
    const { stats, perCategory, unknownCategory } = evaluated(
      [object(A), object(B, elsewhere)],
      [detection(A, 0.9), detection(B, 0.95, elsewhere)],
    )
    expect(stats[0]).toBeCloseTo(1, 12)
    expect(perCategory).toHaveLength(1)
    expect(unknownCategory).toBe(1)
  })

  it('leaves out objects of unlisted images', () => {
    expect(metrics([object(A), object(B, { imageId: 9 })], [detection(A, 0.9)]).objects).toBe(1)
  })

  it('refuses a detection on an unlisted image', () => {
    expect(() => evaluated([], [detection(A, 0.9), detection(A, 0.9, { imageId: 9 })])).toThrow(
      expect.objectContaining({
        code: 'DATA_UNKNOWN_IMAGE',
        message: 'Detection 1 is on image 9, which is not in the ground truth',
      }),
    )
  })

  it.each([
    ['score', detection(A, Number.NaN)],
    ['coordinate', detection([0, Number.POSITIVE_INFINITY, 1, 1], 0.5)],
  ])('refuses a %s that is not finite', (_, broken) => {
    expect(() => evaluated([], [broken])).toThrow(expect.objectContaining({ code: 'DATA_BAD_DETECTION' }))
  })
})

describe('a data set in memory', () => {
  const evaluatedInMemory = (annotations: Annotation[], detections: Detection[]) =>
    evaluate(
      {
        categories: [{ id: 1, name: 'cat' }],
        images: [{ id: 1, fileName: 'a.jpg', width: 640, height: 480, annotations }],
      },
      detections,
    ).perCategory[0]!

  it('gives corners, crowds, and the area of the box where none is stated', () => {
    const annotations: Annotation[] = [
      { box: [10, 10, 50, 50], categoryId: 1 },
      { box: [300, 300, 400, 400], categoryId: 1, crowd: true },
    ]
    const found = evaluatedInMemory(annotations, [detection([310, 310, 20, 20], 0.9), detection(A, 0.8)])
    expect(found).toMatchObject({
      objects: 1,
      ap: expect.closeTo(1, 12),
      apSmall: -1,
      apMedium: expect.closeTo(1, 12),
    })
  })

  it('goes by the area that the source states', () => {
    const found = evaluatedInMemory(
      [{ box: [10, 10, 50, 50], categoryId: 1, area: 900 }],
      [detection(A, 0.8)],
    )
    expect(found).toMatchObject({ apSmall: expect.closeTo(1, 12), apMedium: -1 })
  })
})
