import { existsSync } from 'node:fs'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CodedError } from '../../../../src/core/errors.ts'
import type { RunNote } from '../../../../src/main/studio/runs/run-note.ts'
import { RunStore } from '../../../../src/main/studio/runs/run-store.ts'
import { lay, scratch } from '../../../support/scratch.ts'

const noteOf = (created: string, name = 'Run 1'): RunNote => ({
  format: 'fcos-studio-run-note',
  version: 1,
  state: 'running',
  error: null,
  from: 'lite0, ImageNet weights',
  overfit: null,
  pinned: { images: [], every: 1 },
  notes: [],
  ...{ name, created },
})

async function stores() {
  const folder = await scratch()
  const project = { path: join(folder, 'project', 'project.fcos'), readOnly: undefined }
  await mkdir(join(folder, 'project'))
  const readOnly = new CodedError('IO_PROJECT_LOCKED', 'Taken')
  return {
    folder,
    writer: new RunStore(project, join(folder, 'data')),
    reader: new RunStore({ ...project, readOnly }, join(folder, 'data')),
  }
}

test('runs lie beside the project, newest first; what was training when the program ended is interrupted', async () => {
  const { folder, writer } = await stores()
  expect(writer.list()).toEqual([])
  const first = writer.create((created) => noteOf(created, 'First'))
  const second = writer.create((created) => noteOf(created, 'Second'))
  expect(second.id > first.id).toBe(true)
  expect(first.folder).toBe(join(folder, 'project', 'runs', first.id))
  expect(writer.list().map(({ summary }) => summary)).toMatchObject([
    { name: 'Second', state: 'interrupted', resumable: false, checkpoint: null, step: 0, best: null },
    { name: 'First' },
  ])
  expect(writer.update(first.id, { name: 'Other', state: 'done' }).summary).toMatchObject({
    name: 'Other',
    state: 'done',
  })
})

test('only folders that are runs are listed and deleted, and links are not followed', async () => {
  const { folder, writer } = await stores()
  const { id } = writer.create(noteOf)
  const runs = join(folder, 'project', 'runs')
  const [plain, link, damaged] = ['20200101-000000-000', '20200101-000000-001', '20200101-000000-002']
  await lay(runs, { [`${plain}/mine.txt`]: 'keep', [`${damaged}/studio.json`]: '{}', 'notes.txt': 'keep' })
  await symlink(join(runs, id), join(runs, link))
  expect(writer.list().map((run) => run.id)).toEqual([id])
  for (const other of [plain, link, damaged, '..', '../project.fcos', 'notes.txt', ''])
    await expect(writer.delete(other)).rejects.toMatchObject({ code: 'USAGE_RUN' })
  await writer.delete(id)
  expect([existsSync(join(runs, id)), existsSync(join(runs, plain, 'mine.txt'))]).toEqual([false, true])
})

test("who can only read a project keeps runs among the user's own data, and sees those beside it", async () => {
  const { folder, writer, reader } = await stores()
  const beside = writer.create((created) => noteOf(created, 'Beside'))
  const own = reader.create((created) => noteOf(created, 'Own'))
  expect(own.folder.startsWith(join(folder, 'data', 'runs'))).toBe(true)
  expect(reader.list().map(({ note, writable }) => [note.name, writable])).toEqual([
    ['Own', true],
    ['Beside', false],
  ])
  expect(() => reader.update(beside.id, { name: 'x' })).toThrow(
    expect.objectContaining({ code: 'IO_PROJECT_READ_ONLY' }),
  )
  await expect(reader.delete(beside.id)).rejects.toMatchObject({ code: 'IO_PROJECT_READ_ONLY' })
})

test('a place that cannot be written is told', async () => {
  const { folder, writer } = await stores()
  await writeFile(join(folder, 'project', 'runs'), '')
  expect(() => writer.create(noteOf)).toThrow(expect.objectContaining({ code: 'IO_RUN' }))
})
