/** A detector with other outputs, losses and another view than FCOS: every P5 location in a box learns to name it and its size. */
import { z } from 'zod'
import { BACKGROUND } from '../../src/core/detectors/assigner.ts'
import type { Detector, LabelledBoxes, PredictionMaps } from '../../src/core/detectors/detector.ts'
import { COMMON_CONFIG, type ModelConfig } from '../../src/core/detectors/model-config.ts'
import { sigmoid } from '../../src/core/detectors/shared/sigmoid.ts'
import { LEVELS_VIEW } from '../../src/core/detectors/views.ts'
import { pyramid } from '../../src/core/pyramid/levels.ts'
import { locationAt } from '../../src/core/pyramid/locations.ts'

const P5 = 2
interface ToyTargets extends LabelledBoxes {
  readonly matched: Int32Array
}

const preset =
  (architecture: ModelConfig['architecture']) =>
  (classes: ModelConfig['classes']): ModelConfig => ({
    ...{ detector: 'toy', architecture, classes, assignment: {}, head: {}, loss: {} },
    input: { shortSide: 64, longSide: 64, mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
  })
const empty = z.strictObject({})

export const TOY: Detector<ModelConfig, ToyTargets, { matched: Int32Array }, PredictionMaps> = {
  ...{ name: 'toy', title: 'Toy', about: 'of a test', choice: 'For tests', ranking: 'class probability' },
  config: z.strictObject({
    ...{ detector: z.literal('toy'), ...COMMON_CONFIG, assignment: empty, head: empty, loss: empty },
  }),
  choices: z.strictObject({ detector: z.literal('toy') }),
  presets: { lite0: preset('lite0'), r50: preset('r50') },
  ...{ pretrained: {}, torchvision: () => undefined, quality: null, nms: 0.6, score: (p) => p },
  describe: () => ({ settings: {}, losses: 'squares', assignment: 'inside' }),
  grid: (input) => pyramid(input, 'half-stride'),
  cellsPerLocation: 1,
  head: ({ classes }) => ({
    ...{ channels: 16, depth: 1, norm: 'none', groups: 1, parameters: [] },
    towers: [
      {
        root: 'head.toy',
        outputs: [
          {
            name: 'heat',
            tensor: 'head.toy.heat',
            channels: classes.length,
            perClass: true,
            bias: -2,
            meaning: 'a',
          },
          { name: 'extent', tensor: 'head.toy.extent', channels: 2, bias: 1, meaning: 'b' },
        ],
      },
    ],
  }),
  targets: (grid, { assignment }, objects) => ({
    ...objects,
    matched: TOY.assigner.over(grid, assignment, objects.boxes).assign(),
  }),
  loss({ grid, config, outputs, targets, gradients }) {
    const [L, K] = [grid.locations, config.classes.length]
    let [heat, extent, positives] = [0, 0, 0]
    for (const [n, { matched, boxes, classes }] of targets.entries()) {
      for (let at = 0; at < L; at++) {
        const gt = matched[at]
        for (let k = 0; k < K; k++) {
          const i = (n * L + at) * K + k
          const p = sigmoid(outputs.heat[i])
          const error = p - (gt !== BACKGROUND && classes[gt] === k ? 1 : 0)
          heat += error ** 2 / L
          gradients.heat[i] = (2 * error * p * (1 - p)) / L
        }
        for (let k = 0; k < 2; k++) {
          const i = (n * L + at) * 2 + k
          const error =
            gt === BACKGROUND ? 0 : outputs.extent[i] - (boxes[gt * 4 + 2 + k] - boxes[gt * 4 + k]) / 32
          extent += error ** 2 / L
          gradients.extent[i] = (2 * error) / L
        }
        if (gt !== BACKGROUND) positives++
      }
    }
    return { losses: { heat, extent }, figures: { share: positives / L }, positives, parameterGradients: {} }
  },
  summary: ({ heat }) => `heat ${heat}`,
  losses: [
    { name: 'heat', title: 'heat' },
    { name: 'extent', title: 'extent' },
  ],
  figures: [{ name: 'share', title: 'Share of positives', line: 'share', unit: 'Share' }],
  decode({ grid, config, outputs, toSource = { x: 1, y: 1 }, scoreThreshold }) {
    const K = config.classes.length
    const pairs = [...outputs.heat.keys()].filter((i) => sigmoid(outputs.heat[i]) > scoreThreshold)
    const at = pairs.map((i) => locationAt(grid, Math.floor(i / K)))
    const scores = Float32Array.from(pairs, (i) => sigmoid(outputs.heat[i]))
    return {
      locations: Int32Array.from(at, ({ index }) => index),
      levels: Uint8Array.from(at, ({ level }) => grid.levels.indexOf(level)),
      labels: Int32Array.from(pairs, (i) => i % K),
      ...{ classScores: scores, scores, parts: {} },
      boxes: Float32Array.from(
        at.flatMap(({ x, y, index }) => {
          const [w, h] = [0, 1].map((k) => 16 * Math.max(0.1, outputs.extent[index * 2 + k]))
          return [(x - w) * toSource.x, (y - h) * toSource.y, (x + w) * toSource.x, (y + h) * toSource.y]
        }),
      ),
    }
  },
  assigner: {
    over(grid, _, boxes) {
      const { first, rows, columns } = grid.levels[P5]
      const inside = (gt: number, cell: number) => {
        const { x, y } = locationAt(grid, cell)
        return x > boxes[gt * 4] && y > boxes[gt * 4 + 1] && x < boxes[gt * 4 + 2] && y < boxes[gt * 4 + 3]
      }
      return {
        ...{ grid, boxes, stronger: 'earlier boxes' },
        assign(into = new Int32Array(grid.locations)) {
          into.fill(BACKGROUND)
          for (let gt = boxes.length / 4 - 1; gt >= 0; gt--) {
            this.eligible(gt, (start, end) => into.fill(gt, start, end))
          }
          return into
        },
        eligible(gt, visit, only = P5) {
          if (only !== P5) return
          for (let cell = first; cell < first + rows * columns; cell++) {
            if (inside(gt, cell)) visit(cell, cell + 1, P5)
          }
        },
        strength: () => 1,
        rivals: (gt) => Array.from({ length: gt }, (_, other) => other),
        quality: () => 1,
        learns: (level) => level === P5,
        explain: () => [],
        obstacle: () => ({
          cause: 'inside',
          title: 'no location inside',
          describe: (box) => `no location of P5 lies inside ${box}`,
        }),
      }
    },
  },
  targetMaps: (_grid, _config, _boxes, matched) => ({ matched }),
  predictionMaps({ config, grid, outputs }) {
    const K = config.classes.length
    const best = Float32Array.from({ length: grid.locations }, (_, at) =>
      Math.max(...outputs.heat.subarray(at * K, (at + 1) * K).map(sigmoid)),
    )
    return { classScores: best, scores: best, labels: new Int32Array(grid.locations) }
  },
  classScoresAt: ({ heat }, location) => heat.slice(location, location + 1).map(sigmoid),
  readTarget: () => ({ rays: [], figures: [] }),
  readPrediction: () => ({ rays: [], figures: [] }),
  views: [
    {
      ...{ name: 'heat', title: 'Heat', meaning: 'Hot in a box', ends: ['cold', 'hot'] },
      targets: ({ matched }) => ({ by: 'value', of: (at) => (matched[at] === BACKGROUND ? 0 : 1) }),
      ...{ predicted: null, difference: null },
    },
    LEVELS_VIEW,
  ],
}
