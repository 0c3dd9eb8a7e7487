/**
 * Time of one frame of the X-ray, all maps, counts and shares of 300 boxes at 1333×800 (padded to 1344×800). Prints one JSON
 * line, in milliseconds: node tests/bench/target-maps.bench.ts
 */
import { DIALECTS } from '../../src/core/detectors/fcos/config.ts'
import { TargetMaps } from '../../src/core/inspect/target-maps.ts'
import { mulberry32 } from '../../src/core/random.ts'

const BOXES = 300
const WARM_UP = 100
const FRAMES = 1000

const random = mulberry32(1)
const side = () => 8 * 64 ** random()
const boxes = new Float32Array(BOXES * 4)
for (let i = 0; i < BOXES; i++) {
  const [width, height] = [side(), side()]
  const [x, y] = [random() * (1333 - width), random() * (800 - height)]
  boxes.set([x, y, x + width, y + height], i * 4)
}
const classes = Int32Array.from({ length: BOXES }, (_, i) => i % 20)

const maps = new TargetMaps({ width: 1344, height: 800 })
const results = Object.entries(DIALECTS).flatMap(([dialect, preset]) =>
  [preset.radius, 0].map((radius) => {
    const scene = { boxes, classes, assignment: { ...preset, radius }, loss: { boxWeight: 'centerness' } }
    const frame = (step: number) => {
      // A box is dragged.
      for (let at = 0; at < 4; at++) boxes[at] += step % 2 ? 1.5 : -1.5
      maps.update(scene)
    }
    for (let step = 0; step < WARM_UP; step++) frame(step)
    const times = Float64Array.from({ length: FRAMES }, (_, step) => {
      const start = performance.now()
      frame(step)
      return performance.now() - start
    }).sort()
    const at = (quantile: number) => Number(times[Math.floor(quantile * FRAMES)].toFixed(2))
    return { dialect, radius, positives: maps.count.positives, median: at(0.5), p95: at(0.95) }
  }),
)
console.log(JSON.stringify({ boxes: BOXES, input: '1344x800', unit: 'ms', frames: FRAMES, results }))
