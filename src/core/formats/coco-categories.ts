/** COCO's 80 object classes. Their ids run from 1 to 90 with gaps, and so do the outputs of models that use them as indices. */

/** [id of the first, names with consecutive ids]. */
const RUNS: readonly (readonly [first: number, names: string])[] = [
  [1, 'person, bicycle, car, motorcycle, airplane, bus, train, truck, boat, traffic light, fire hydrant'],
  [13, 'stop sign, parking meter, bench, bird, cat, dog, horse, sheep, cow, elephant, bear, zebra, giraffe'],
  [27, 'backpack, umbrella'],
  [
    31,
    'handbag, tie, suitcase, frisbee, skis, snowboard, sports ball, kite, baseball bat, baseball glove, skateboard, surfboard, tennis racket, bottle',
  ],
  [
    46,
    'wine glass, cup, fork, knife, spoon, bowl, banana, apple, sandwich, orange, broccoli, carrot, hot dog, pizza, donut, cake, chair, couch, potted plant, bed',
  ],
  [67, 'dining table'],
  [70, 'toilet'],
  [72, 'tv, laptop, mouse, remote, keyboard, cell phone, microwave, oven, toaster, sink, refrigerator'],
  [84, 'book, clock, vase, scissors, teddy bear, hair drier, toothbrush'],
]

/** By category id. */
export const COCO_CATEGORIES: ReadonlyMap<number, string> = new Map(
  RUNS.flatMap(([first, names]) => names.split(', ').map((name, i) => [first + i, name] as const)),
)
