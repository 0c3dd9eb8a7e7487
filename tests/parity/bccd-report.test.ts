import { expect, onTestFinished, test } from 'vitest'
import { DIALECTS } from '../../src/core/detectors/fcos/config.ts'
import { paddedSize, resizedSize } from '../../src/core/pyramid/input-size.ts'
import { loadDataset } from '../../src/main/studio/datasets/index.ts'
import { createProject, importDataset } from '../../src/main/studio/project/index.ts'
import { listBoxes } from '../../src/main/studio/report/boxes.ts'
import { inspectProject } from '../../src/main/studio/report/inspection.ts'
import { bruteForce, points } from '../support/brute-force.ts'
import { scratch } from '../support/scratch.ts'

const root = process.env.FCOS_BCCD ?? ''
if (root === '') console.warn('FCOS_BCCD is not set: the report is not made of the BCCD data set')

const setting = { input: { shortSide: 416, longSide: 416 }, rules: DIALECTS.authors }

/** Counted with the AnchorGenerator of torchvision 0.29 on inputs of 416 × 320 px. */
const ANCHORS = { boxes: 4886, highQuality: 4807, from04: 4855, any: 4886 }

test.skipIf(root === '')(
  'the report of BCCD counts what brute force and torchvision’s anchors count',
  async () => {
    const source = await loadDataset(root)
    const project = await createProject(await scratch(), { imageRoot: source.imageRoot })
    onTestFinished(() => project.close())
    await importDataset(project, source)
    const scope = { setting, split: null }
    const report = await inspectProject(project, scope)
    expect(report.anchors).toEqual(ANCHORS)

    let [boxes, learnable, starved, positives] = [0, 0, 0, 0]
    const levels = [0, 0, 0, 0, 0]
    for (const image of source.dataset.images) {
      const resized = resizedSize(image, setting.input)
      const padded = paddedSize(resized)
      const all = points(padded.width, padded.height, setting.rules.location)
      const [x, y] = [resized.width / image.width, resized.height / image.height]
      const scaled = image.annotations.map(({ box }) =>
        box.map((side, i) => Math.fround(side * (i % 2 === 0 ? x : y))),
      )
      const matched = bruteForce(all, scaled, setting.rules)
      for (const [gt] of scaled.entries()) {
        const own = all.filter((_, i) => matched[i] === gt)
        boxes++
        positives += own.length
        if (own.length > 0) learnable++
        if (own.length > 0 && own.length < 4) starved++
        for (const level of new Set(own.map((point) => point.level))) levels[level]!++
      }
    }
    expect(report.recall).toEqual({ boxes, learnable })
    expect(report.starved).toBe(starved)
    expect(report.ambiguity.positives).toBe(positives)
    expect(report.perLevel.map((level) => level.boxes)).toEqual(levels)

    const hard = await listBoxes(project, { ...scope, filter: { positives: { from: 0, to: 3 } } })
    expect(hard.count).toBe(boxes - learnable + starved)
    // All of them were drawn twice, and the smaller one of each pair learns its locations.
    const unlearnable = hard.boxes.filter((box) => box.cause !== null)
    expect(unlearnable.map((box) => box.cause)).toEqual(unlearnable.map(() => 'lost'))
  },
)
