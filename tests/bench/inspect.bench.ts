/**
 * Time to inspect 100,000 boxes at 512 px, few and many to an image, and beside it what the other parts of the report take:
 * other input sizes and radii, anchors, and the list of all boxes with its cures. Prints one JSON line, in seconds:
 * node tests/bench/inspect.bench.ts
 */

import { DIALECTS } from '../../src/core/detectors/fcos/config.ts'
import type { Dataset } from '../../src/core/formats/dataset.ts'
import { AnchorMeter } from '../../src/core/inspect/anchors.ts'
import { boxRows } from '../../src/core/inspect/box-list.ts'
import { imageInspector } from '../../src/core/inspect/image.ts'
import { RecallMeter, type Rung, radiusLadder, sizeLadder } from '../../src/core/inspect/recall.ts'
import { inspect } from '../../src/core/inspect/report.ts'
import { mulberry32 } from '../../src/core/random.ts'

const BOXES = 100_000
const CATEGORIES = 80

function randomDataset(boxesPerImage: number): Dataset {
  const random = mulberry32(3)
  const side = () => 4 * 80 ** random()
  const annotation = () => {
    const [w, h] = [side(), side()]
    const [x, y] = [random() * (640 - w), random() * (480 - h)]
    return { box: [x, y, x + w, y + h] as const, categoryId: Math.floor(random() * CATEGORIES) }
  }
  return {
    categories: Array.from({ length: CATEGORIES }, (_, id) => ({ id, name: `class ${id}` })),
    images: Array.from({ length: BOXES / boxesPerImage }, (_, id) => ({
      id,
      fileName: `${id}.jpg`,
      width: 640,
      height: 480,
      annotations: Array.from({ length: boxesPerImage }, annotation),
    })),
  }
}

const options = { input: { shortSide: 512, longSide: 512 }, rules: DIALECTS.authors }
const results = [1, 8, 40].map((boxesPerImage) => {
  const dataset = randomDataset(boxesPerImage)
  let boxes = 0
  let unlearnable = 0
  const inspection = seconds(() => {
    const found = inspect(dataset, options)
    boxes = found.recall.boxes
    unlearnable = found.unlearnable.length
  })
  const anchors = new AnchorMeter(options.input)
  const inspectImage = imageInspector(options)
  return {
    images: dataset.images.length,
    boxes,
    unlearnable,
    inspection,
    inputSizes: seconds(() => measure(dataset, sizeLadder(options))),
    radii: seconds(() => measure(dataset, radiusLadder(options))),
    anchors: seconds(() => {
      for (const image of dataset.images) anchors.add(image)
    }),
    boxList: seconds(() => dataset.images.flatMap((image) => boxRows(inspectImage(image), options))),
  }
})
console.log(JSON.stringify({ unit: 's', results }))

function measure({ images }: Dataset, ladder: readonly Rung[]): void {
  for (const { setting } of ladder) {
    const meter = new RecallMeter(setting)
    for (const image of images) meter.add(image)
  }
}

/** CPU time is printed beside that on the clock, which other load on the machine changes more. */
function seconds(work: () => void): { clock: number; cpu: number } {
  const start = performance.now()
  const cpuStart = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(cpuStart)
  const clock = (performance.now() - start) / 1000
  return { clock: Number(clock.toFixed(2)), cpu: Number(((user + system) / 1e6).toFixed(2)) }
}
