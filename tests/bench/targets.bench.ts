/**
 * Time to compute the targets of 300 boxes at 1333×800 (padded to 1344×800), as the X-ray does on every frame of a
 * drag. Prints one JSON line, in milliseconds: node tests/bench/targets.bench.ts
 */
import { assign } from '../../src/core/detectors/fcos/assign.ts'
import { DIALECTS } from '../../src/core/detectors/fcos/config.ts'
import { emptyTargets, positives, targets } from '../../src/core/detectors/fcos/targets.ts'
import { pyramid } from '../../src/core/pyramid/levels.ts'
import { mulberry32 } from '../../src/core/random.ts'

const WARM_UP = 200
const RUNS = 1000

/** Sides log-uniform in 8 to 512 px, so that every level has work. */
function randomBoxes(count: number): Float32Array {
  const random = mulberry32(1)
  const side = () => 8 * 64 ** random()
  const boxes = new Float32Array(count * 4)
  for (let i = 0; i < count; i++) {
    const [width, height] = [side(), side()]
    const [x, y] = [random() * (1333 - width), random() * (800 - height)]
    boxes.set([x, y, x + width, y + height], i * 4)
  }
  return boxes
}

function measure(work: () => void): { median: number; p95: number } {
  for (let i = 0; i < WARM_UP; i++) work()
  const times = Float64Array.from({ length: RUNS }, () => {
    const start = performance.now()
    work()
    return performance.now() - start
  }).sort()
  const at = (quantile: number) => Number(times[Math.floor(quantile * RUNS)].toFixed(3))
  return { median: at(0.5), p95: at(0.95) }
}

const boxes = randomBoxes(300)
const results = Object.entries(DIALECTS).flatMap(([dialect, preset]) =>
  [preset.radius, 0].map((radius) => {
    const rules = { ...preset, radius }
    const layout = pyramid({ width: 1344, height: 800 }, rules.location)
    const buffers = emptyTargets(layout)
    return {
      dialect,
      radius,
      locations: layout.locations,
      positives: positives(layout, boxes, assign(layout, rules, boxes)).location.length,
      dense_reused: measure(() => targets(layout, rules, boxes, buffers)),
      dense_fresh: measure(() => targets(layout, rules, boxes)),
      sparse: measure(() => positives(layout, boxes, assign(layout, rules, boxes))),
    }
  }),
)
console.log(JSON.stringify({ boxes: 300, input: '1344x800', unit: 'ms', runs: RUNS, results }))
