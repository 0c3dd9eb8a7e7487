/** What sliders make of an image's candidates: three boxes of one class, two of them overlapping by 0.6. */
import { expect, test } from 'vitest'
import {
  decodeCandidateFile,
  encodeCandidates,
  type ImageCandidates,
} from '../../../src/core/contract/model-assets.ts'
import { lite0Config } from '../../../src/core/detectors/fcos/presets.ts'
import type { ProjectAnnotation } from '../../../src/core/project/model.ts'
import { type ImageKnowledge, liveGuesses } from '../../../src/core/review/live-guesses.ts'

const size = { width: 100, height: 100 }
const found: ImageCandidates = {
  ...{ image: size, resized: size, input: size },
  model: { config: lite0Config([{ id: 5, name: 'cell' }]), thresholds: null },
  candidates: {
    boxes: Float32Array.of(0, 0, 20, 20, 5, 0, 25, 20, 60, 60, 80, 80),
    classScores: Float32Array.of(0.81, 0.64, 0.36),
    scores: Float32Array.of(0.9, 0.8, 0.3),
    parts: { centerness: Float32Array.of(1, 1, 0.25) },
    ...{ locations: Int32Array.of(0, 1, 9), labels: Int32Array.of(0, 0, 0), levels: Uint8Array.of(0, 0, 1) },
  },
  embedding: Float32Array.of(1, 2),
}
const known: ImageKnowledge = {
  ...{ image: 3, found, model: 'Run 1', annotations: [], rejections: [] },
  classes: [{ id: 1, name: 'Cell', colour: '#ffffff' }],
}
const stored = (x: number, more: Partial<ProjectAnnotation> = {}): ProjectAnnotation => ({
  ...{ id: 4, imageId: 3, classId: 1, box: [x, 0, x + 20, 20], source: 'proposed', model: 'Run 1' },
  ...{ score: 0.8, crowd: false, difficult: false, area: null, segmentation: null, attributes: null },
  ...more,
})
const scores = (guesses: readonly ProjectAnnotation[]) => guesses.map(({ score }) => score!.toFixed(2))

test('score, NMS and centerness select anew from the same candidates', () => {
  const all = { score: 0.2, nms: 0.7, centerness: true }
  // √(p̂·ô): 0.9, 0.8, 0.3. The first two overlap by 15·20 / (25·20) = 0.6.
  expect(scores(liveGuesses(known, all).guesses)).toEqual(['0.90', '0.80', '0.30'])
  expect(scores(liveGuesses(known, { ...all, nms: 0.59 }).guesses)).toEqual(['0.90', '0.30'])
  expect(scores(liveGuesses(known, { ...all, score: 0.31 }).guesses)).toEqual(['0.90', '0.80'])
  expect(scores(liveGuesses(known, { ...all, centerness: false }).guesses)).toEqual(['0.81', '0.64', '0.36'])
  expect(liveGuesses({ ...known, classes: [] }, all).guesses).toEqual([])
})

test('stored proposals are not guessed twice, and hidden where the sliders leave them out', () => {
  const all = { score: 0.2, nms: 0.7, centerness: true }
  const second = { ...known, annotations: [stored(5)] }
  expect(scores(liveGuesses(second, all).guesses)).toEqual(['0.90', '0.30'])
  expect([...liveGuesses(second, all).hidden]).toEqual([])
  expect([...liveGuesses(second, { ...all, nms: 0.59 }).hidden]).toEqual([4])
  // Another model's proposals are its own affair.
  const other = { ...known, annotations: [stored(5, { model: 'Run 2' })] }
  expect(scores(liveGuesses(other, all).guesses)).toEqual(['0.90', '0.80', '0.30'])
  expect([...liveGuesses(other, { ...all, nms: 0.59 }).hidden]).toEqual([])
  // A label is about the first object; a rejected box about the second alone.
  const label = { ...known, annotations: [stored(0, { source: 'accepted' })] }
  expect(scores(liveGuesses(label, all).guesses)).toEqual(['0.30'])
  const rejected = { ...known, rejections: [{ classId: 1, box: [5, 0, 25, 20] as const }] }
  expect(scores(liveGuesses(rejected, all).guesses)).toEqual(['0.90', '0.30'])
})

test('a guess keeps its id while sliders move, so that it stays selected', () => {
  const ids = (nms: number) =>
    liveGuesses(known, { score: 0.2, nms, centerness: true }).guesses.map(({ id }) => id)
  const [first, , third] = ids(0.7)
  expect(ids(0.59)).toEqual([first, third])
})

test('candidates survive their file', () => {
  expect(decodeCandidateFile(encodeCandidates(found))).toEqual(found)
})
