import { expect, test } from 'vitest'
import type { BoxXyxy } from '../../../../src/core/geometry/box.ts'
import { Judgements } from '../../../../src/main/studio/assist/judgements.ts'
import { scratch } from '../../../support/scratch.ts'
import { annotationOf } from '../../../support/stand-in-studio.svelte.ts'

const boxAt = (x: number, y = 0): BoxXyxy => [x, y, x + 100, y + 100]
const seen = (x: number, score = 0.9) => ({ classId: 1, box: boxAt(x), score })
const accepted = (id: number, box: BoxXyxy) => annotationOf(id, { box, source: 'accepted' })
const nothing = { step: 9, shown: true, detections: [], earlier: [] }

test('what was accepted counts as taken, whichever weights had proposed it, and as moved where none had', async () => {
  const judgements = new Judgements(await scratch())
  const labels = [
    accepted(1, boxAt(0)),
    // Accepted from earlier weights; the newest put it elsewhere.
    accepted(2, boxAt(200)),
    accepted(3, boxAt(400, 9)),
    annotationOf(4, { box: boxAt(600) }),
  ]
  const detections = [seen(0), seen(206), seen(400), seen(800), seen(1000, 0.1)]
  const { work } = judgements.judge(1, { ...nothing, detections, earlier: [seen(200, 0.6)] }, labels, [1])
  expect(work).toEqual({ taken: 2, moved: 1, wrong: 1, drawn: [1] })
  // Whoever draws a box where one was proposed has drawn it; the proposal was about none of the accepted.
  const drawn = [annotationOf(5, { box: boxAt(0) })]
  const second = judgements.judge(2, { ...nothing, detections: [seen(0)] }, drawn, [1])
  expect(second.work).toEqual({ taken: 0, moved: 0, wrong: 1, drawn: [1] })
  expect(judgements.summary).toMatchObject({ images: 2, taken: { boxes: 2, images: [1] } })
})

test('the account is read again from the run’s folder, but for a line that was torn', async () => {
  const folder = await scratch()
  const judgements = new Judgements(folder)
  judgements.judge(1, { ...nothing, detections: [seen(0)] }, [accepted(1, boxAt(0))], [1])
  judgements.learn([1, 2])
  judgements.dismiss(1, boxAt(0))
  const { appendFile } = await import('node:fs/promises')
  await appendFile(`${folder}/judgements.jsonl`, '{"image":3,"ste')
  const again = new Judgements(folder)
  expect(again.all).toEqual(judgements.all)
  expect([again.isLearnt(2), again.isLearnt(3), again.isDismissed(1, boxAt(0))]).toEqual([true, false, true])
})
