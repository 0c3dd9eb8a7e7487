/**
 * The evaluator beside pycocotools on a synthetic set, in turn: A B A B. Boxes of COCO val2017's size, or masks: 10 000 polygons
 * in 1 000 images, and run lengths detected. pycocotools is timed without reading and indexing its files. Ours is timed from parsed
 * files to the 12 numbers; with masks from the files' JSON on, since pycocotools draws polygons while it evaluates.
 *
 *   FCOS_PEER_PYTHON=/path/to/venv/bin/python node tests/bench/evaluate.bench.ts [segm]
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { evaluateGroundTruth } from '../../src/core/evaluation/coco-metrics.ts'
import { parseCocoGroundTruth } from '../../src/core/formats/coco-ground-truth.ts'
import { parseCocoResults, toDetections } from '../../src/core/formats/coco-results.ts'
import { cocoScene, maskScene } from '../support/detection-scenes.ts'

const ROUNDS = 2
const python = process.env.FCOS_PEER_PYTHON
if (!python) throw new Error('Set FCOS_PEER_PYTHON to a Python that has pycocotools')

const iouType = process.argv[2] === 'segm' ? 'segm' : 'bbox'
const masks = iouType === 'segm'
const scene = masks
  ? maskScene({ seed: 1, images: 1_000, objects: 10_000, categories: 20 })
  : cocoScene({ seed: 1, images: 5_000, objects: 36_000, detections: 200_000, categories: 80 })
const read = () => {
  const truth = parseCocoGroundTruth(scene.groundTruth, 'gt.json', iouType)
  const results = parseCocoResults(scene.results, 'dt.json')
  return { truth, detections: toDetections(results, truth.images, 'dt.json', iouType) }
}
const { truth, detections } = read()
const folder = mkdtempSync(join(tmpdir(), 'fcos-bench-'))
const seconds: { ours: number[]; pycocotools: number[] } = { ours: [], pycocotools: [] }
let difference = 0
try {
  const files = [join(folder, 'gt.json'), join(folder, 'dt.json')] as const
  writeFileSync(files[0], JSON.stringify(scene.groundTruth))
  writeFileSync(files[1], JSON.stringify(scene.results))
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now()
    const of = masks ? read() : { truth, detections }
    const { stats } = evaluateGroundTruth(of.truth, of.detections, iouType)
    seconds.ours.push((performance.now() - start) / 1000)

    const script = join(import.meta.dirname, '../support/pycocotools_eval.py')
    const peer = JSON.parse(
      execFileSync(python, [script, ...files, ...(masks ? ['--segm'] : [])], { encoding: 'utf8' }),
    ) as {
      seconds: number
      stats: number[]
    }
    seconds.pycocotools.push(peer.seconds)
    difference = Math.max(difference, ...stats.map((value, i) => Math.abs(value - peer.stats[i]!)))
  }
} finally {
  rmSync(folder, { recursive: true })
}

const ours = median(seconds.ours)
const pycocotools = median(seconds.pycocotools)
console.log(
  JSON.stringify({
    images: truth.images.length,
    objects: truth.objects.length,
    detections: detections.length,
    oursSeconds: ours,
    pycocotoolsSeconds: pycocotools,
    timesFaster: pycocotools / ours,
    largestDifference: difference,
  }),
)
if (difference > 1e-9) {
  console.error('The 12 numbers differ by more than 1e-9')
  process.exitCode = 1
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2
}
