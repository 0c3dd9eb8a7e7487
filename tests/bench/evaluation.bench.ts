/**
 * An evaluation as the window asks for it, over a project of COCO val2017's size: labels and results file read, numbers
 * computed and kept, then every part. One JSON line on standard output; milliseconds.
 *
 *   node tests/bench/evaluation.bench.ts
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CHECKOUT } from '../../src/main/studio/engine/place.ts'
import { Evaluations } from '../../src/main/studio/evaluation/evaluations.ts'
import { cocoScene } from '../support/detection-scenes.ts'
import { namedResults, projectOfCoco } from '../support/evaluated-project.ts'

const scene = cocoScene({ seed: 1, images: 5_000, objects: 36_000, detections: 200_000, categories: 80 })
const folder = mkdtempSync(join(tmpdir(), 'fcos-bench-'))
const results = join(folder, 'results.json')
const times: Record<string, number> = {}
async function timed<T>(name: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now()
  const result = await work()
  times[name] = Math.round(performance.now() - start)
  return result
}

const project = await projectOfCoco(folder, scene.groundTruth)
const evaluations = new Evaluations(CHECKOUT, project.path)
try {
  writeFileSync(results, JSON.stringify(namedResults(scene.results, scene.groundTruth)))
  const source = { kind: 'file', path: results } as const
  const steps: string[] = []
  const report = (_: number, detail: string): void =>
    void steps.push(`${detail} ${Math.round(performance.now())}`)
  const watch = { signal: new AbortController().signal, report }
  const entry = await timed('start', () =>
    evaluations.call('prepare', { source, query: '', model: null }, watch),
  )
  const of = { evaluation: entry.id, ranking: 'score' } as const
  const page = { classId: null, sort: 'score', offset: 0, limit: 100 } as const
  const wrong = { kind: 'falsePositives', type: null, score: 0.05 } as const
  const curves = { by: 'class', classId: null, iou: 0.5, size: 'all' } as const
  await timed('summary', () => evaluations.call('evaluation.summary', of))
  await timed('curves', () => evaluations.call('evaluation.curves', { ...of, ...curves }))
  await timed('confusion', () => evaluations.call('evaluation.confusion', { ...of, score: 0.3, iou: 0.5 }))
  await timed('errors', () => evaluations.call('evaluation.errors', of))
  await timed('falsePositives', () => evaluations.call('evaluation.findings', { ...of, ...page, of: wrong }))
  await timed('nextPage', () =>
    evaluations.call('evaluation.findings', { ...of, ...page, of: wrong, offset: 100 }),
  )
  await timed('scores', () =>
    evaluations.call('evaluation.scores', { ...of, axis: 'score', objects: 'any class' }),
  )
  await timed('points', () => evaluations.call('points', { ...of, axis: 'score', objects: 'any class' }))
  await timed('thresholds', () => evaluations.call('evaluation.thresholds', of))
  const all = Object.values(times).reduce((sum, time) => sum + time)
  const { images, objects, detections } = entry
  evaluations.close()
  await timed('openedAgain', () => evaluations.call('evaluation.errors', of))
  console.log(JSON.stringify({ images, objects, detections, ...times, all }))
} finally {
  evaluations.close()
  project.close()
  rmSync(folder, { recursive: true })
}
