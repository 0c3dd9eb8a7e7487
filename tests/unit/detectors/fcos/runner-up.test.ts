import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BACKGROUND } from '../../../../src/core/detectors/assigner.ts'
import { assign } from '../../../../src/core/detectors/fcos/assign.ts'
import { FCOS } from '../../../../src/core/detectors/fcos/index.ts'
import { runnersUp } from '../../../../src/core/inspect/ambiguity.ts'
import { pyramid } from '../../../../src/core/pyramid/levels.ts'
import { flat, someBoxes, someRules, someSize } from '../../../support/arbitrary-boxes.ts'

/** Inverted, so that no location is inside of it; the others keep their places in the list. */
const GONE = [1, 1, 0, 0]

test('the runner-up is who would learn the location without the winner', () => {
  fc.assert(
    fc.property(someSize, someRules, someBoxes, (size, rules, boxes) => {
      const layout = pyramid(size, rules.location)
      const matched = assign(layout, rules, flat(boxes))
      const next = runnersUp(FCOS.assigner.over(layout, rules, flat(boxes)), matched)
      const without = boxes.map((_, gone) =>
        assign(layout, rules, flat(boxes.map((box, gt) => (gt === gone ? GONE : box)))),
      )
      for (const [location, winner] of matched.entries()) {
        expect(next[location]).toBe(winner === BACKGROUND ? BACKGROUND : without[winner]![location])
      }
    }),
    { numRuns: 60 },
  )
})
