import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Journal, type JournalEntry } from '../../../../src/main/studio/detection/journal.ts'
import { scratch } from '../../../support/scratch.ts'

const entry = (id: number): JournalEntry => ({
  ...{ id, fileName: `bücher/${id}.jpg`, width: 4, height: 3 },
  detections: [{ box: [0, 1, 2, 3], categoryId: 1, score: 0.5 }],
})

test('goes on behind the last whole line; another job begins anew', async () => {
  const file = join(await scratch(), 'detecting.jsonl')
  const first = new Journal(file, '{"model":"a"}')
  for (const id of [1, 2]) first.add(entry(id))
  first.close()
  // The program was killed in the middle of a line, and of a letter.
  appendFileSync(file, Buffer.from(JSON.stringify(entry(3))).subarray(0, 19))
  const second = new Journal(file, '{"model":"a"}')
  second.add(entry(4))
  expect([...second.entries()]).toEqual([1, 2, 4].map(entry))
  expect([...second.entries()]).toHaveLength(3)
  second.close()
  expect(readFileSync(file, 'utf8').split('\n')).toHaveLength(5)
  const other = new Journal(file, '{"model":"b"}')
  expect([...other.entries()]).toEqual([])
  other.close()
})

test('lines longer than what is read at a time', async () => {
  const file = join(await scratch(), 'detecting.jsonl')
  const box = { box: [0, 1, 2, 3], categoryId: 1, score: 0.5 } as const
  const crowded = { ...entry(1), detections: Array.from({ length: 5000 }, () => box) }
  const journal = new Journal(file, 'head')
  for (let n = 0; n < 3; n++) journal.add(crowded)
  expect([...journal.entries()]).toEqual([crowded, crowded, crowded])
  journal.close()
})
