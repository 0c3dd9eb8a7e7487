/**
 * Editing as data: any list of these runs on any project, since ids are taken as positions among what is there. The
 * property tests and the program that is killed make the same edits.
 */
import fc from 'fast-check'
import { CodedError } from '../../src/core/errors.ts'
import type { BoxXyxy } from '../../src/core/geometry/box.ts'
import { IMAGE_STATES, SPLITS } from '../../src/core/project/model.ts'
import type { Project } from '../../src/main/studio/project/project.ts'

export interface Command {
  readonly kind: (typeof KINDS)[number]
  /** Choose images, classes, annotations: taken modulo their number. */
  readonly a: number
  readonly b: number
  readonly box: BoxXyxy
  readonly text: string
}

const KINDS = [
  ...([
    'draw',
    'draw',
    'propose',
    'move',
    'drag',
    'dragCancelled',
    'reclass',
    'attributes',
    'remove',
  ] as const),
  ...([
    'accept',
    'reject',
    'state',
    'split',
    'divide',
    'removeImages',
    'restoreImages',
    'classOfImages',
    'addClass',
    'rename',
    'exchangeNames',
  ] as const),
  ...(['recolour', 'reorder', 'merge', 'removeClass', 'several', 'undo', 'redo'] as const),
]

const coordinate = fc.double({ min: -10, max: 700, noNaN: true })
const side = fc.double({ min: 0.001, max: 500, noNaN: true })
export const someBox: fc.Arbitrary<BoxXyxy> = fc
  .tuple(coordinate, coordinate, side, side)
  .map(([x, y, w, h]) => [x, y, x + w, y + h])

export const someCommand: fc.Arbitrary<Command> = fc.record({
  kind: fc.constantFrom(...KINDS),
  a: fc.nat(50),
  b: fc.nat(50),
  box: someBox,
  text: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 5 }),
})

const SHARES = { train: 3, val: 1, test: 1 }

/** What cannot be done, such as a name that is taken, is left undone: the store's own errors are the rule here. */
export function perform(project: Project, { kind, a, b, box, text }: Command): void {
  const { annotations, classes, database, history, images } = project
  const at = <T>(items: readonly T[], index: number): T | undefined => items[index % items.length]
  const ids = (table: string) =>
    database.all<{ id: number }>(`SELECT id FROM ${table} ORDER BY id`).map(({ id }) => id)
  const image = at(ids('image'), a)
  const all = ids('class')
  const [one, other] = [at(all, a), at(all, b)]
  const annotation = at(ids('annotation'), a)
  const drag = () => {
    const gesture = history.begin('Drag')
    for (const dx of [b, a, 0.25]) {
      const [x1, y1, x2, y2] = box
      gesture.extend(() => annotations.update(annotation!, { box: [x1 + dx, y1, x2 + dx, y2] }))
    }
    return gesture
  }
  try {
    if (kind === 'undo') history.undo()
    else if (kind === 'redo') history.redo()
    else if (kind === 'restoreImages') images.restore()
    // All images may have been removed.
    else if (image === undefined) return
    else if (kind === 'removeImages') images.remove([image])
    else if (kind === 'state') images.setState([image], at(IMAGE_STATES, b)!)
    else if (kind === 'split') images.setSplit([image], at([...SPLITS, null], b)!)
    else if (kind === 'divide') images.assignSplits({ shares: SHARES, seed: b })
    else if (kind === 'addClass') classes.add(text, a % 3 === 0 ? { id: b } : {})
    else if (one === undefined || other === undefined) return
    else if (kind === 'classOfImages') images.setClass([image], other)
    else if (kind === 'draw') annotations.add(image, [{ classId: other, box, source: 'drawn' }])
    else if (kind === 'propose') annotations.propose(image, 'm', [{ classId: other, box, score: b / 50 }])
    else if (kind === 'rename') classes.rename(one, text)
    else if (kind === 'recolour') classes.recolour(one, `#${(a * 65537 + b).toString(16).padStart(6, '0')}`)
    else if (kind === 'reorder') classes.reorder(all.toSorted((x, y) => ((x * a) % 7) - ((y * a) % 7)))
    else if (kind === 'merge') classes.merge([one], other)
    else if (kind === 'removeClass') classes.remove(one)
    else if (kind === 'exchangeNames') {
      if (one !== other) exchangeNames(project, one, other)
    } else if (kind === 'several') {
      history.change('Several', () => {
        annotations.add(image, [{ classId: one, box, source: 'drawn', attributes: { text } }])
        classes.rename(one, text)
        images.setState([image], 'done')
      })
    } else if (annotation === undefined) return
    else if (kind === 'move') annotations.update(annotation, { box })
    else if (kind === 'drag') drag().commit()
    else if (kind === 'dragCancelled') drag().cancel()
    else if (kind === 'reclass') annotations.update(annotation, { classId: other })
    else if (kind === 'attributes')
      annotations.update(annotation, { attributes: { [text]: b }, crowd: b > 25 })
    else if (kind === 'remove') annotations.remove([annotation])
    else if (kind === 'accept') annotations.accept([annotation])
    else if (kind === 'reject') annotations.reject([annotation])
  } catch (error) {
    if (!(error instanceof CodedError && error.code.startsWith('USAGE_'))) throw error
  }
}

function exchangeNames({ classes, history }: Project, one: number, other: number): void {
  history.change('Exchange names', () => {
    const name = new Map(classes.all().map((entry) => [entry.id, entry.name]))
    classes.rename(one, 'for a moment')
    classes.rename(other, name.get(one)!)
    classes.rename(one, name.get(other)!)
  })
}
