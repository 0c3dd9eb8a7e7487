/** Anchors and their recall beside torchvision's RetinaNet. */
import { expect, test } from 'vitest'
import { anchorsOf } from '../../../src/core/detectors/retinanet/anchors.ts'
import { bestAnchorIou, countAnchorRecall, noAnchorRecall } from '../../../src/core/inspect/anchors.ts'
import { pyramid, STRIDES } from '../../../src/core/pyramid/levels.ts'
import theirs from '../../fixtures/retinanet_recall.json' with { type: 'json' }

import { fixtureTensors } from '../../support/fixtures.ts'

const tensor = fixtureTensors('authors_targets.safetensors')

test.each([...STRIDES.entries()])('the anchors of level %i', (i, stride) => {
  const ours = anchorsOf(stride).map(({ halfWidth, halfHeight }) => [
    -halfWidth,
    -halfHeight,
    halfWidth,
    halfHeight,
  ])
  expect(ours).toEqual(theirs.cell_anchors[i])
})

test.each(theirs.cases.map((expected, i) => ({ ...expected, i })))(
  'best IoU and recall over $padded_width × $padded_height',
  ({ i, padded_width: width, padded_height: height, anchors, best_iou, recalled }) => {
    const layout = pyramid({ width, height }, 'corner')
    expect(9 * layout.locations).toBe(anchors)
    const best = bestAnchorIou(layout, tensor(`${i}.boxes`))
    expect(best.length).toBe(best_iou.length)
    // The fixture is rounded to six places.
    for (const [gt, iou] of best_iou.entries()) expect(Math.abs(best[gt] - iou)).toBeLessThan(2e-6)
    const count = noAnchorRecall()
    countAnchorRecall(count, best)
    expect([count.highQuality, count.from04, count.any]).toEqual([
      recalled['iou>=0.5'],
      recalled['iou>=0.4'],
      recalled['any overlap'],
    ])
  },
)
