import { spawnSync } from 'node:child_process'
import { chmod, copyFile, mkdir, open, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test, vi } from 'vitest'
import { openDatabase } from '../../../../src/main/studio/project/database.ts'
import { MIGRATIONS, migrate } from '../../../../src/main/studio/project/migrations.ts'
import { createProject, openProject, PROJECT_FILE } from '../../../../src/main/studio/project/project.ts'
import { addImages, someProject } from '../../../support/project.ts'
import { scratch } from '../../../support/scratch.ts'

async function closedProject(): Promise<string> {
  const folder = await scratch()
  const project = await createProject(folder)
  addImages(project, 'a.jpg')
  project.close()
  return folder
}

test('a project is one file, found by its folder or its own path', async () => {
  const folder = await closedProject()
  expect((await readdir(folder)).sort()).toEqual([PROJECT_FILE, `${PROJECT_FILE}-lock`])
  for (const path of [folder, join(folder, PROJECT_FILE)]) {
    const project = await openProject(path)
    expect(project.images.count()).toBe(1)
    expect(project.readOnly).toBeUndefined()
    expect(project.killed).toBeUndefined()
    project.close()
  }
  await expect(createProject(folder)).rejects.toMatchObject({ code: 'DATA_EXISTS' })
  await expect(openProject(join(folder, 'nothing'))).rejects.toMatchObject({ code: 'DATA_NOT_FOUND' })
})

test('the image folder moves along with the project, and can be named anew', async () => {
  const folder = await scratch()
  await mkdir(join(folder, 'before/images'), { recursive: true })
  const project = await createProject(join(folder, 'before/project'), {
    imageRoot: join(folder, 'before/images'),
  })
  project.close()
  await rename(join(folder, 'before'), join(folder, 'after'))
  const moved = await openProject(join(folder, 'after/project'))
  expect(moved.imageRoot).toBe(join(folder, 'after/images'))
  moved.imageRoot = folder
  expect(moved.imageRoot).toBe(folder)
  moved.close()
})

test('what is no project is refused and left as it is', async () => {
  const folder = await scratch()
  const path = join(folder, PROJECT_FILE)
  await writeFile(path, 'a text')
  await expect(openProject(folder)).rejects.toMatchObject({ code: 'DATA_PROJECT_FORMAT' })
  await writeFile(path, '')
  await expect(openProject(folder)).rejects.toMatchObject({ code: 'DATA_PROJECT_FORMAT' })
  const other = new DatabaseSync(path)
  other.exec('CREATE TABLE recipe (name TEXT)')
  other.close()
  await expect(openProject(folder)).rejects.toMatchObject({ code: 'DATA_PROJECT_FORMAT' })
})

test('a file whose middle was overwritten is damaged, and nothing else', async () => {
  const folder = await closedProject()
  const path = join(folder, PROJECT_FILE)
  const database = new DatabaseSync(path)
  const { page } = database
    .prepare(`SELECT rootpage AS page FROM sqlite_schema WHERE name = 'image'`)
    .get() as {
    page: number
  }
  database.close()
  const file = await open(path, 'r+')
  await file.write(Buffer.alloc(4096, 0x5a), 0, 4096, (page - 1) * 4096)
  await file.close()
  const project = await openProject(folder)
  onTestFinished(() => project.close())
  expect(() => project.images.get(1)).toThrow(expect.objectContaining({ code: 'DATA_PROJECT_DAMAGED' }))
})

test('migrations run once, in order, and an older program refuses what a newer one wrote', async () => {
  const path = join(await closedProject(), PROJECT_FILE)
  const next = [...MIGRATIONS, 'ALTER TABLE image ADD COLUMN note TEXT']
  const newer = openDatabase(path)
  migrate(newer, next)
  migrate(newer, next)
  newer.run('UPDATE image SET note = ?', 'kept')
  newer.close()
  const before = openDatabase(path, { readOnly: true })
  expect(before.get('SELECT path, note FROM image')).toEqual({ path: 'a.jpg', note: 'kept' })
  before.close()
  await expect(openProject(path)).rejects.toMatchObject({
    code: 'DATA_PROJECT_NEWER',
    message: expect.stringContaining(
      `format ${MIGRATIONS.length + 1}; this one reads up to ${MIGRATIONS.length}`,
    ),
  })
})

test('a project of format 2 opens, with its images in the order of their names', async () => {
  const path = join(await scratch(), PROJECT_FILE)
  const older = openDatabase(path)
  migrate(older, MIGRATIONS.slice(0, 2))
  older.run(`INSERT INTO setting VALUES ('image-root', '.')`)
  for (const [i, name] of ['b-10.jpg', 'B-2.jpg', 'a/b-3.jpg', 'b-1.jpg'].entries()) {
    older.run('INSERT INTO image (id, path, name_key) VALUES (?, ?, ?)', i + 1, name, name.toLowerCase())
  }
  older.close()
  const project = await openProject(path)
  onTestFinished(() => project.close())
  expect(project.readOnly).toBeUndefined()
  expect(project.find('')).toEqual([3, 4, 2, 1])
})

test.each([1, 2, 3])(
  'a project of format %i that cannot be written opens to be read, and stays as it is',
  async (version) => {
    const path = join(await scratch(), PROJECT_FILE)
    const older = openDatabase(path)
    migrate(older, MIGRATIONS.slice(0, version))
    older.run(`INSERT INTO setting VALUES ('image-root', '../photos')`)
    for (const [i, name] of ['b-10.jpg', 'b-2.jpg'].entries())
      older.run('INSERT INTO image (id, path, name_key) VALUES (?, ?, ?)', i + 1, name, name)
    if (version >= 3) older.run('UPDATE image SET sort_key = 4 - id')
    older.close()
    const bytes = await readFile(path)
    const project = await openProject(path, { readOnly: true })
    expect(project.readOnly).toMatchObject({
      code: 'IO_PROJECT_READ_ONLY',
      message: expect.stringContaining(`older format ${version}`),
    })
    expect(project.find('')).toEqual([2, 1])
    expect(project.path).toBe(path)
    expect(project.imageRoot).toBe(join(path, '../../photos'))
    expect(() => project.images.setState([1], 'done')).toThrow(project.readOnly)
    project.close()
    expect(await readFile(path)).toEqual(bytes)
  },
)

test('an older project whose copy finds no place is refused, and the reason said', async () => {
  const path = join(await scratch(), PROJECT_FILE)
  const older = openDatabase(path)
  migrate(older, MIGRATIONS.slice(0, 2))
  older.close()
  vi.stubEnv('TMPDIR', join(path, 'nowhere'))
  onTestFinished(() => void vi.unstubAllEnvs())
  await expect(openProject(path, { readOnly: true })).rejects.toMatchObject({
    code: 'DATA_PROJECT_OLDER',
    message: expect.stringContaining('nowhere'),
  })
})

test('a migration that fails changes nothing; an older file that cannot be written is not changed', async () => {
  const path = join(await closedProject(), PROJECT_FILE)
  const database = openDatabase(path)
  expect(() => migrate(database, [...MIGRATIONS, 'DROP TABLE image; SELECT broken'])).toThrow(/broken/)
  expect(database.get('SELECT path FROM image')).toEqual({ path: 'a.jpg' })
  database.close()
  const reader = openDatabase(path, { readOnly: true })
  expect(() => migrate(reader, [...MIGRATIONS, ''])).toThrow(
    expect.objectContaining({ code: 'DATA_PROJECT_OLDER' }),
  )
  reader.close()
})

test('the second to open it reads, sees what the first writes, and is told who has it', async () => {
  const first = await someProject('a.jpg')
  const second = await openProject(first.path, { program: 'fcos train' })
  onTestFinished(() => second.close())
  expect(second.readOnly).toMatchObject({
    code: 'IO_PROJECT_LOCKED',
    message: expect.stringMatching(new RegExp(`is open in FCOS Studio \\(process ${process.pid} on `)),
  })
  const [image] = addImages(first, 'b.jpg')
  first.images.setState([image!], 'done')
  expect(second.images.get(image!)).toMatchObject({ path: 'b.jpg', state: 'done' })
  expect(() => second.images.setState([image!], 'new')).toThrow(second.readOnly)
  expect(() => second.history.undo()).toThrow(second.readOnly)
  expect(() => second.images.setError(image!, 'x')).toThrow(/cannot be written/)
})

test('the lock ends with a process that is killed, whose name is kept', async () => {
  const folder = await closedProject()
  const script = `
    import { openProject } from ${JSON.stringify(join(process.cwd(), 'src/main/studio/project/project.ts'))}
    await openProject(process.argv[1], { program: 'doomed' })
    process.kill(process.pid, 'SIGKILL')`
  const child = spawnSync(process.execPath, ['--input-type=module-typescript', '-e', script, folder])
  expect(child.signal).toBe('SIGKILL')
  const project = await openProject(folder)
  expect(project.readOnly).toBeUndefined()
  expect(project.killed).toMatchObject({ program: 'doomed', pid: child.pid })
  project.close()
  const again = await openProject(folder)
  expect(again.killed).toBeUndefined()
  again.close()
})

test('of a project that only is to be read, another may be the writer', async () => {
  const folder = await closedProject()
  const reader = await openProject(folder, { readOnly: true })
  const writer = await openProject(folder)
  expect(reader.readOnly).toMatchObject({ code: 'IO_PROJECT_READ_ONLY' })
  expect(writer.readOnly).toBeUndefined()
  reader.close()
  writer.close()
})

test.each([
  'in a folder that cannot be written a project is read',
  'also with the empty log that an earlier reader left',
])('%s', async (title) => {
  const folder = await closedProject()
  const fresh = await scratch()
  await copyFile(join(folder, PROJECT_FILE), join(fresh, PROJECT_FILE))
  if (title.includes('log')) await writeFile(join(fresh, `${PROJECT_FILE}-wal`), '')
  await chmod(join(fresh, PROJECT_FILE), 0o444)
  await chmod(fresh, 0o555)
  onTestFinished(() => chmod(fresh, 0o755))
  const script = `
    const { openProject } = await import(${JSON.stringify(join(process.cwd(), 'src/main/studio/project/project.ts'))})
    // No permission binds the superuser.
    if (process.getuid?.() === 0) process.setuid(65534)
    const project = await openProject(process.argv[1])
    const told = []
    try { project.images.setState([1], 'done') } catch (error) { told.push(error.code, error.message) }
    console.log(JSON.stringify([project.images.get(1).path, ...told]))
    project.close()`
  const child = spawnSync(process.execPath, ['--input-type=module-typescript', '-e', script, fresh], {
    encoding: 'utf8',
  })
  expect(JSON.parse(child.stdout || child.stderr)).toEqual([
    'a.jpg',
    'IO_PROJECT_READ_ONLY',
    `${fresh} is not writable, so the project is read-only`,
  ])
})

test('another program that holds the database itself is waited for, then named as the reason', async () => {
  const project = await someProject('a.jpg')
  const other = new DatabaseSync(project.path)
  onTestFinished(() => other.close())
  other.exec('BEGIN IMMEDIATE')
  project.database.exec('PRAGMA busy_timeout = 50')
  expect(() => project.images.setState([1], 'done')).toThrow(
    expect.objectContaining({ code: 'IO_PROJECT_LOCKED' }),
  )
  other.exec('ROLLBACK')
  project.images.setState([1], 'done')
  expect(project.images.get(1)?.state).toBe('done')
})

test('a path of the file is followed only inside the image folder', async () => {
  const project = await someProject('sub/a.jpg', '../../etc/passwd', '/etc/passwd')
  expect(project.fileOf(1)).toBe(join(project.imageRoot, 'sub/a.jpg'))
  for (const id of [2, 3]) {
    expect(() => project.fileOf(id)).toThrow(expect.objectContaining({ code: 'DATA_FILE_NAME' }))
  }
  expect(() => project.fileOf(4)).toThrow(expect.objectContaining({ code: 'USAGE_IMAGE' }))
})
