import { expect, test } from 'vitest'
import type { BoxXyxy } from '../../../../src/core/geometry/box.ts'
import { Judgements } from '../../../../src/main/studio/assist/judgements.ts'
import { standingDoubts } from '../../../../src/main/studio/assist/standing-doubts.ts'
import { someProject } from '../../../support/project.ts'
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
  judgements.dismiss(1, boxAt(100))
  judgements.restore(1, boxAt(100))
  const { appendFile } = await import('node:fs/promises')
  await appendFile(`${folder}/judgements.jsonl`, '{"image":3,"ste')
  const again = new Judgements(folder)
  expect(again.all).toEqual(judgements.all)
  expect([again.isLearnt(2), again.isLearnt(3), again.isDismissed(1, boxAt(0))]).toEqual([true, false, true])
  expect(again.isDismissed(1, boxAt(100))).toBe(false)
})

test('detections in a crowd region of their class are no mistakes; those of other classes are', async () => {
  const judgements = new Judgements(await scratch())
  const crowd = annotationOf(1, { box: [0, 0, 500, 500], crowd: true })
  const labels = [crowd, annotationOf(2, { box: boxAt(100) })]
  const detections = [seen(100), seen(200, 0.8), { ...seen(300, 0.7), classId: 2 }, seen(800, 0.6)]
  const judged = judgements.judge(1, { ...nothing, detections }, labels, [1, 2])
  expect(judged.detections.map(({ box, verdict }) => [box[0], verdict])).toEqual([
    [100, 'taken'],
    [300, 'wrong'],
    [800, 'wrong'],
  ])
})

/** Twenty images in which a class was found with .9, and labelled as the model had it, or as another. */
function judgedTwentyTimes(judgements: Judgements, labelled: (image: number) => number) {
  const labels = (image: number, classId = labelled(image)) => [
    annotationOf(image, { classId, box: boxAt(0) }),
  ]
  for (let image = 1; image <= 20; image++)
    judgements.judge(image, { ...nothing, detections: [seen(0)] }, labels(image), [1, 2])
  return labels
}

test('what was mislabelled and is undone tells no more against the model, also when it is read again', async () => {
  const folder = await scratch()
  const judgements = new Judgements(folder)
  // An hour in which every object of class 1 was called 2: its proposals are no good, as far as anybody knows.
  const labels = judgedTwentyTimes(judgements, () => 2)
  expect(judgements.thresholds([1, 2]).get(1)).toBeGreaterThan(0.9)
  const images = Array.from({ length: 20 }, (_, i) => i + 1)
  judgements.relabel(
    images,
    images.map((image) => labels(image, 1)),
  )
  expect(judgements.thresholds([1, 2]).get(1)).toBeLessThan(0.9)
  expect(judgements.all.map(({ labels }) => labels)).toEqual(images.map(() => [1]))
  // What the person did stays: every box was drawn.
  expect(judgements.summary).toMatchObject({ images: 20, taken: { boxes: 0 }, drawn: { boxes: 20 } })
  const again = new Judgements(folder)
  expect(again.all).toEqual(judgements.all)
  expect(again.thresholds([1, 2])).toEqual(judgements.thresholds([1, 2]))

  // Now that the model was right twenty times, a contradiction counts.
  const doubtful = { ...nothing, detections: [seen(0)] }
  const wrong = [annotationOf(21, { classId: 2, box: boxAt(0) })]
  expect(judgements.judge(21, doubtful, wrong, [1, 2]).doubts).toHaveLength(1)
})

test('doubts stand while their image, label and classes are as they were', async () => {
  const project = await someProject('a.jpg', 'b.jpg', 'c.jpg')
  const [first, second, third] = project.find('') as [number, number, number]
  const [die, marble] = [project.classes.add('die'), project.classes.add('marble')]
  const judgements = new Judgements(await scratch())
  const box = boxAt(0)
  const die94 = { classId: die, box, score: 0.94 }
  for (let image = 1000; image < 1020; image++) {
    const labels = [annotationOf(image, { classId: die, box })]
    judgements.judge(image, { ...nothing, detections: [die94] }, labels, [die, marble])
  }
  const drawn = { classId: marble, box, source: 'drawn' } as const
  const [label] = project.annotations.add(first, [drawn])
  const [lonely] = project.annotations.add(third, [{ ...drawn, classId: die }])
  const detectionsIn = new Map([
    [first, [die94]],
    [second, [die94]],
    [third, []],
  ])
  for (const [image, detections] of detectionsIn) {
    const labels = project.annotations.of(image)
    judgements.judge(image, { ...nothing, detections }, labels, [die, marble])
  }
  const standing = () =>
    standingDoubts(judgements, project)
      .map(({ image }) => image)
      .toSorted()
  const all = [first, second, third]
  expect(standing()).toEqual(all)
  /** What is left of them after a change, which is undone. */
  const after = (change: () => unknown): number[] => {
    project.history.change('Test', () => void change())
    const left = standing()
    project.history.undo()
    expect(standing()).toEqual(all)
    return left
  }
  const { annotations, classes } = project
  // A label of the expected class, a crowd region of it, and a label that a person has moved are answers.
  expect(after(() => annotations.update(label!, { classId: die }))).toEqual([second, third])
  expect(after(() => annotations.add(second, [{ ...drawn, classId: die }]))).toEqual([first, third])
  const region = { ...drawn, classId: die, box: [0, 0, 400, 400], crowd: true } as const
  expect(after(() => annotations.add(second, [region]))).toEqual([first, third])
  expect(after(() => annotations.update(lonely!, { box: boxAt(20) }))).toEqual([first, second])
  expect(after(() => annotations.remove([label!]))).toEqual([second, third])
  // A class that nobody can agree to any more, and an image that is gone.
  expect(after(() => classes.merge([die], marble))).not.toContain(first)
  expect(after(() => classes.merge([die], marble))).not.toContain(second)
  expect(after(() => project.images.remove([second]))).toEqual([first, third])
  // Another name is no other class.
  expect(after(() => classes.rename(die, 'dice'))).toEqual(all)

  judgements.dismiss(first, box)
  expect(standing()).toEqual([second, third])
  judgements.restore(first, box)
  expect(standing()).toEqual(all)
})
