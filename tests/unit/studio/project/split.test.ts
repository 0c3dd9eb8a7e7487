import fc from 'fast-check'
import { expect, test } from 'vitest'
import { stratifiedSplit } from '../../../../src/core/project/stratified-split.ts'
import { mulberry32 } from '../../../../src/core/random.ts'
import { addImages, someProject } from '../../../support/project.ts'

const SHARES = { train: 70, val: 20, test: 10 }
const BOX = [1, 2, 3, 4] as const

test('every item goes to one split; the same seed gives the same', () => {
  const items = fc.array(fc.record({ labels: fc.uniqueArray(fc.nat(6), { maxLength: 4 }) }), {
    maxLength: 60,
  })
  const shares = fc.record({ train: fc.integer({ min: 1, max: 9 }), val: fc.nat(9), test: fc.nat(9) })
  fc.assert(
    fc.property(items, shares, fc.nat(), (list, wanted, seed) => {
      const result = stratifiedSplit(list, wanted, seed)
      expect(new Set([...result.values()].flat())).toEqual(new Set(list))
      expect([...result.values()].flat()).toHaveLength(list.length)
      expect([...result.keys()]).toEqual(
        (['train', 'val', 'test'] as const).filter((split) => wanted[split] > 0),
      )
      expect(stratifiedSplit(list, wanted, seed)).toEqual(result)
    }),
  )
})

test('rare and common classes, and images without any, are divided in the wanted shares', () => {
  const random = mulberry32(1)
  const frequencies = [0.9, 0.4, 0.1, 0.02, 0.01]
  const items = Array.from({ length: 3000 }, (_, id) => ({
    id,
    labels: frequencies.flatMap((p, label) => (random() < p ? [label] : [])),
  }))
  const kinds = [...frequencies.keys()].map((label) => items.filter(({ labels }) => labels.includes(label)))
  for (const kind of [...kinds, items.filter(({ labels }) => labels.length === 0), items]) {
    const members = new Set(kind)
    for (const [split, part] of stratifiedSplit(items, SHARES, 5)) {
      const wanted = (kind.length * SHARES[split]) / 100
      const got = part.filter((item) => members.has(item)).length
      // Within two images or 2 %.
      expect(Math.abs(got - wanted)).toBeLessThanOrEqual(Math.max(2, 0.02 * wanted))
    }
  }
})

test('a project: equal files stay together, ignored images and those not named keep their split, one undo', async () => {
  const project = await someProject()
  const ids = addImages(project, ...Array.from({ length: 40 }, (_, i) => `${String(i).padStart(2, '0')}.jpg`))
  const classId = project.classes.add('cell')
  for (const id of ids.slice(0, 10)) project.annotations.add(id, [{ classId, box: BOX, source: 'drawn' }])
  const copies = ids.filter((_, i) => i % 4 === 0)
  for (const id of copies)
    project.database.run('UPDATE image SET hash = ? WHERE id = ?', Buffer.alloc(16, 7), id)
  project.images.setState([ids[39]!], 'ignored')
  const splits = () => project.images.list(ids).map(({ split }) => split)
  project.images.assignSplits({ shares: { train: 1, val: 1, test: 0 }, seed: 3 })
  const first = splits()
  expect(new Set(copies.map((id) => project.images.get(id)!.split)).size).toBe(1)
  expect(first[39]).toBeNull()
  expect(first.slice(0, 39).every((split) => split === 'train' || split === 'val')).toBe(true)
  project.images.assignSplits({ images: ids.slice(0, 2), shares: { train: 0, val: 0, test: 1 }, seed: 3 })
  expect(splits()).toEqual(['test', 'test', ...first.slice(2)])
  project.history.undo()
  expect(splits()).toEqual(first)
})
