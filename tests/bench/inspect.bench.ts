/** Time to inspect 100,000 boxes at 512 px, few and many to an image. Prints one JSON line: node tests/bench/inspect.bench.ts */
import { DIALECTS } from '../../src/core/fcos/config.ts'
import { inspect } from '../../src/core/fcos/inspect.ts'
import type { Dataset } from '../../src/core/formats/dataset.ts'
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
  const start = performance.now()
  const { recall } = inspect(dataset, options)
  return {
    images: dataset.images.length,
    boxes: recall.boxes,
    seconds: Number(((performance.now() - start) / 1000).toFixed(2)),
  }
})
console.log(JSON.stringify({ results }))
