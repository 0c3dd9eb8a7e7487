import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmod,
  copyFile,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { dirname, join } from 'node:path'
import sharp from 'sharp'
import { expect, onTestFinished, test } from 'vitest'
import { createProject, type Project } from '../../../../src/main/studio/project/project.ts'
import { MISSING, type ScanReport, scanImages } from '../../../../src/main/studio/project/scan.ts'
import { bmp } from '../../../support/image-bytes.ts'
import { lay, scratch } from '../../../support/scratch.ts'

/** A project beside an image folder with files given by path. */
async function projectOf(files: Parameters<typeof lay>[1]): Promise<{ project: Project; root: string }> {
  const folder = await scratch()
  const root = join(folder, 'images')
  await mkdir(root)
  await lay(root, files)
  const project = await createProject(join(folder, 'project'), { imageRoot: root })
  onTestFinished(() => project.close())
  return { project, root }
}

const listed = ({ database }: Project) =>
  database.all<{ id: number; path: string; size: string; error: string | null }>(
    `SELECT id, path, width || 'x' || height AS size, error FROM image ORDER BY path`,
  )
const paths = (project: Project) => listed(project).map(({ path }) => path)
const byPath = (project: Project) => Object.fromEntries(listed(project).map(({ path, id }) => [path, id]))

test('sub-folders, any names, two files of one name, sizes as displayed; nothing that is no image by name', async () => {
  const names = [
    "it's a 猫 🐈.jpg",
    'a "quote" #1 100%.jpeg',
    'sub/deep/same.jpg',
    'other/same.jpg',
    'e\u0301.JPG',
    'é.jpg',
  ]
  const { project, root } = await projectOf({
    ...Object.fromEntries(names.map((name, i) => [name, [10 + i, 20]])),
    'turned.jpg': [30, 20, 6],
    'notes.txt': 'x',
    '.hidden.jpg': [1, 1],
    '.cache/thumb.jpg': [1, 1],
  })
  const before = await snapshot(root)
  const report = await scanImages(project)
  expect(paths(project)).toEqual(
    [...names, 'turned.jpg'].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
  )
  expect(listed(project).find(({ path }) => path === 'turned.jpg')?.size).toBe('20x30')
  expect(report).toEqual({
    ...{ found: 7, added: 7, changed: 0, moved: 0, missing: 0, removed: 0, broken: 0 },
    unreadable: [],
  })
  expect(await snapshot(root)).toEqual(before)
  expect(await scanImages(project)).toMatchObject({ found: 7, added: 0, changed: 0 })
})

/** Names, bytes and times of all files: what must not change. */
async function snapshot(root: string): Promise<unknown> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  return Promise.all(
    entries.map(async (entry) => {
      const path = join(entry.parentPath, entry.name)
      const bytes = entry.isFile()
        ? createHash('sha1')
            .update(await readFile(path))
            .digest('hex')
        : ''
      return [path, bytes, (await stat(path)).mtimeMs]
    }),
  )
}

test('links: followed, in a circle, to a folder within, to nowhere, to itself', async () => {
  const { project, root } = await projectOf({ 'real/a.jpg': [4, 4], 'real/deep/b.jpg': [5, 5] })
  const outside = await scratch()
  await lay(outside, { 'c.jpg': [6, 6], 'd.jpg': [7, 7] })
  await symlink(join(root, 'real'), join(root, 'an earlier name of real'))
  await symlink(root, join(root, 'real/deep/up'))
  await symlink(outside, join(root, 'outside'))
  await symlink(join(root, 'outside'), join(outside, 'in'))
  await symlink(join(outside, 'd.jpg'), join(root, 'link.jpg'))
  await symlink(join(root, 'nowhere.jpg'), join(root, 'broken.jpg'))
  await symlink('self.jpg', join(root, 'self.jpg'))
  const report = await scanImages(project)
  expect(paths(project)).toEqual([
    'link.jpg',
    'outside/c.jpg',
    'outside/d.jpg',
    'real/a.jpg',
    'real/deep/b.jpg',
  ])
  expect(report.unreadable).toEqual([
    { path: 'broken.jpg', reason: 'there is no such file, or it is a broken link' },
    { path: 'self.jpg', reason: 'a link that points to itself' },
  ])
})

test('files that are damaged or no images are listed with the reason, and stop nothing', async () => {
  const noise = { width: 200, height: 150, channels: 3 as const, background: '#000' }
  const photo = sharp({ create: { ...noise, noise: { type: 'gaussian', mean: 128, sigma: 60 } } })
  const [jpeg, png, gif, webp] = await Promise.all([
    photo.clone().jpeg().toBuffer(),
    photo.clone().png().toBuffer(),
    photo.clone().gif().toBuffer(),
    photo.clone().webp().toBuffer(),
  ])
  const half = (bytes: Buffer) => bytes.subarray(0, bytes.length / 2)
  const billion = Buffer.from(png)
  billion.writeUInt32BE(40_000, 16)
  billion.writeUInt32BE(40_000, 20)
  const { project } = await projectOf({
    'billion.png': billion,
    'empty.jpg': Buffer.alloc(0),
    'film-behind.jpg': Buffer.concat([jpeg, Buffer.alloc(2 ** 17)]),
    'good.gif': gif,
    'good.jpg': jpeg,
    'good.png': png,
    'good.webp': webp,
    'half.gif': half(gif),
    'half.jpg': half(jpeg),
    'half.png': half(png),
    'half.webp': half(webp),
    'text.jpg': 'I am a text',
  })
  const report = await scanImages(project)
  const errors = Object.fromEntries(listed(project).map(({ path, error }) => [path, error]))
  const good = Object.keys(errors).filter((path) => errors[path] === null)
  expect(good.filter((path) => path !== 'billion.png')).toEqual([
    'film-behind.jpg',
    'good.gif',
    'good.jpg',
    'good.png',
    'good.webp',
  ])
  expect(errors).toMatchObject({
    'empty.jpg': 'the file is empty',
    'half.jpg': expect.stringMatching(/premature end/),
    'half.png': expect.any(String),
    'half.webp': expect.any(String),
    'half.gif': expect.any(String),
    'text.jpg': 'not an image, or in an unsupported format',
  })
  expect(report).toMatchObject({ found: 12, added: 12 })
  expect(listed(project).find(({ path }) => path === 'half.jpg')?.size).toBe('200x150')
})

test('headers that claim more than the file can hold take neither memory nor time', async () => {
  const blank = sharp({ create: { width: 64, height: 64, channels: 3, background: '#123' } })
  const jpeg = await blank.clone().jpeg({ progressive: true }).toBuffer()
  const frame = jpeg.indexOf(Buffer.from([0xff, 0xc2]))
  jpeg.writeUInt16BE(65_500, frame + 5)
  jpeg.writeUInt16BE(65_500, frame + 7)
  const png = await blank.clone().png().toBuffer()
  png.writeUInt32BE(2 ** 31 - 1, 16)
  png.writeUInt32BE(2 ** 31 - 1, 20)
  const webp = await blank.clone().webp().toBuffer()
  webp.writeUInt32LE(2 ** 32 - 16, 4)
  const { project } = await projectOf({
    'a.jpg': jpeg.subarray(0, -2),
    'b.png': png,
    'c.webp': webp,
    'd.tif': Buffer.concat([Buffer.from('II*\0'), Buffer.alloc(8, 0xff)]),
  })
  await scanImages(project)
  // The decoder of this progressive JPEG would take 12 GB.
  expect(process.resourceUsage().maxRSS / 2 ** 20).toBeLessThan(4)
  expect(listed(project).map(({ error }) => error)).toEqual([
    'it ends early: it says that it has 65500 × 65500 pixels',
    ...[expect.any(String), expect.any(String), expect.any(String)],
  ])
})

test('TIFF and AVIF files that are cut off', async () => {
  const photo = sharp({
    create: {
      ...{ width: 300, height: 200, channels: 3 as const, background: '#000' },
      noise: { type: 'gaussian', mean: 128, sigma: 60 },
    },
  })
  const files: [string, Buffer][] = [
    ['a.avif', await photo.clone().avif({ effort: 0 }).toBuffer()],
    ['b.tif', await photo.clone().tiff({ compression: 'lzw' }).toBuffer()],
    ['c.tif', await photo.clone().tiff().toBuffer()],
  ]
  const cut = files.map(([name, bytes]) => [`cut/${name}`, bytes.subarray(0, bytes.length * 0.6)] as const)
  const { project } = await projectOf(Object.fromEntries([...files, ...cut]))
  await scanImages(project)
  const broken = listed(project).filter(({ error }) => error !== null)
  expect(broken.map(({ path }) => path)).toEqual(cut.map(([name]) => name))
})

test('a folder that is renamed, and files that exchange their names, keep their labels', async () => {
  const { project, root } = await projectOf({
    'day 1/a.jpg': [10, 10],
    'day 1/b.jpg': [11, 11],
    'c.jpg': [12, 12],
    'd.jpg': [13, 13],
  })
  await scanImages(project)
  const before = byPath(project)
  project.images.setState([before['day 1/a.jpg']!], 'done')
  await rename(join(root, 'day 1'), join(root, 'first day'))
  await rename(join(root, 'c.jpg'), join(root, 'x'))
  await rename(join(root, 'd.jpg'), join(root, 'c.jpg'))
  await rename(join(root, 'x'), join(root, 'd.jpg'))
  expect(await scanImages(project)).toMatchObject({ added: 0, changed: 0, moved: 4, missing: 0 })
  expect(byPath(project)).toEqual({
    'c.jpg': before['d.jpg'],
    'd.jpg': before['c.jpg'],
    'first day/a.jpg': before['day 1/a.jpg'],
    'first day/b.jpg': before['day 1/b.jpg'],
  })
  // Undoing what was decided before the renaming does not bring back the old path.
  project.history.undo()
  expect(project.images.get(before['day 1/a.jpg']!)).toMatchObject({ path: 'first day/a.jpg', state: 'new' })
})

test('renumbered files: each row follows its bytes', async () => {
  const { project, root } = await projectOf({ '1.jpg': [10, 10], '2.jpg': [11, 11], '3.jpg': [12, 12] })
  await scanImages(project)
  const before = byPath(project)
  for (const i of [3, 2, 1]) await rename(join(root, `${i}.jpg`), join(root, `${i + 1}.jpg`))
  await lay(root, { '1.jpg': [40, 40] })
  expect(await scanImages(project)).toMatchObject({ added: 1, moved: 3, missing: 0 })
  expect(byPath(project)).toMatchObject({
    '2.jpg': before['1.jpg'],
    '3.jpg': before['2.jpg'],
    '4.jpg': before['3.jpg'],
  })
})

test('a scan waits for one that is under way, also for one that fails', async () => {
  const { project, root } = await projectOf({ 'a.jpg': [10, 10], 'b.jpg': [11, 11] })
  const cancelled = scanImages(project, { signal: AbortSignal.abort(new Error('cancelled')) })
  const reports = Promise.all([scanImages(project), scanImages(project)])
  await expect(cancelled).rejects.toThrow('cancelled')
  expect(await reports).toMatchObject([{ added: 2 }, { added: 0, found: 2 }])
  await lay(root, { 'c.jpg': [12, 12] })
  expect(await scanImages(project)).toMatchObject({ added: 1 })
})

test('files of one size and time that exchange their names keep their labels', async () => {
  const picture = (grey: number) => bmp({ width: 4, height: 4, bits: 24, pixels: Array(48).fill(grey) })
  const { project, root } = await projectOf({})
  for (const [name, grey] of [
    ['a.bmp', 1],
    ['b.bmp', 2],
  ] as const)
    await writeFile(join(root, name), picture(grey))
  for (const name of ['a.bmp', 'b.bmp']) await utimes(join(root, name), 0, 0)
  await scanImages(project)
  const before = byPath(project)
  for (const [from, to] of [
    ['a', 'x'],
    ['b', 'a'],
    ['x', 'b'],
  ])
    await rename(join(root, `${from}.bmp`), join(root, `${to}.bmp`))
  expect(await scanImages(project)).toMatchObject({ added: 0, moved: 2, missing: 0 })
  expect(byPath(project)).toEqual({ 'a.bmp': before['b.bmp'], 'b.bmp': before['a.bmp'] })
})

test('a file renamed over another: its row follows, and the other keeps its labels without a file', async () => {
  const { project, root } = await projectOf({ '1.jpg': [10, 10], '2.jpg': [11, 11] })
  await scanImages(project)
  const before = byPath(project)
  await rename(join(root, '1.jpg'), join(root, '2.jpg'))
  expect(await scanImages(project)).toMatchObject({ added: 0, moved: 1, missing: 1 })
  expect(byPath(project)['2.jpg']).toBe(before['1.jpg'])
  expect(project.images.get(before['2.jpg']!)!.error).not.toBeNull()
  expect(await scanImages(project)).toMatchObject({ added: 0, moved: 0, missing: 1 })
})

test('copies are images of their own; one that is edited in place stays the same image', async () => {
  const { project, root } = await projectOf({ 'a.jpg': [10, 10] })
  await scanImages(project)
  await copyFile(join(root, 'a.jpg'), join(root, 'A copy.jpg'))
  expect(await scanImages(project)).toMatchObject({ added: 1, moved: 0 })
  const { 'a.jpg': id } = byPath(project)
  await rm(join(root, 'A copy.jpg'))
  await lay(root, { 'a.jpg': [70, 71] })
  expect(await scanImages(project)).toMatchObject({ changed: 1, missing: 1, added: 0 })
  expect(project.images.get(id!)).toMatchObject({ path: 'a.jpg', width: 70, height: 71 })
})

test('BMP files are measured, and one that ends early is said to', async () => {
  const whole = bmp({ width: 3, height: -2, bits: 24, pixels: Array(24).fill(0) })
  const { project } = await projectOf({
    'a.bmp': whole,
    'b.bmp': whole.subarray(0, 60),
    'c.bmp': whole.subarray(0, 20),
  })
  expect(await scanImages(project)).toMatchObject({ found: 3, added: 3, broken: 2 })
  expect(listed(project)).toMatchObject([
    { path: 'a.bmp', size: '3x2', error: null },
    { path: 'b.bmp', size: '3x2', error: 'the file ends after 60 of 78 bytes' },
    { path: 'c.bmp', size: '0x0', error: 'its header cannot be read' },
  ])
})

test('a file that is gone is missing with its labels, and is back when it is back, wherever', async () => {
  const { project, root } = await projectOf({ 'a.jpg': [10, 10], 'b.jpg': [11, 11] })
  await scanImages(project)
  const before = byPath(project)
  const elsewhere = join(await scratch(), 'a.jpg')
  await rename(join(root, 'a.jpg'), elsewhere)
  expect(await scanImages(project)).toMatchObject({ missing: 1, broken: 0 })
  expect(project.images.get(before['a.jpg']!)).toMatchObject({ error: MISSING, width: 10 })
  await mkdir(join(root, 'new'))
  await rename(elsewhere, join(root, 'new/z.jpg'))
  expect(await scanImages(project)).toMatchObject({ missing: 0, moved: 1, added: 0 })
  expect(project.images.get(before['a.jpg']!)).toMatchObject({ path: 'new/z.jpg', error: null })
})

test('a file that is edited and given its old time back is read again; a new time alone is no change', async () => {
  const { project, root } = await projectOf({ 'a.jpg': [10, 10] })
  const file = join(root, 'a.jpg')
  const mtime = new Date(1.7e12)
  await utimes(file, mtime, mtime)
  const { size } = await stat(file)
  await scanImages(project)
  await writeFile(file, Buffer.alloc(size))
  await utimes(file, mtime, mtime)
  expect(await scanImages(project)).toMatchObject({ changed: 1, broken: 1 })
  await utimes(file, mtime, new Date(1e12))
  expect(await scanImages(project)).toMatchObject({ changed: 0, broken: 1 })
})

test('an image folder that is not there, or empty like the folder of a drive, changes nothing', async () => {
  const { project, root } = await projectOf({ 'a.jpg': [10, 10] })
  await scanImages(project)
  const before = listed(project)
  await rename(root, `${root}-unplugged`)
  await expect(scanImages(project)).rejects.toMatchObject({ code: 'DATA_IMAGES_MISSING' })
  await mkdir(root)
  await expect(scanImages(project)).rejects.toMatchObject({ code: 'DATA_IMAGES_MISSING' })
  expect(listed(project)).toEqual(before)
  project.imageRoot = `${root}-unplugged`
  expect(await scanImages(project)).toMatchObject({ found: 1, missing: 0, added: 0 })
})

test('what was found can be listed while a scan goes on, and stays when it is stopped', async () => {
  const files = Array.from({ length: 600 }, (_, i) => [`${i}.jpg`, Buffer.from(`no image ${i}`)] as const)
  const { project } = await projectOf(Object.fromEntries(files))
  const stop = new AbortController()
  const seen: ScanReport[] = []
  const scan = scanImages(project, {
    signal: stop.signal,
    onProgress: (report) => {
      seen.push(report)
      expect(project.images.count()).toBe(report.added)
      if (seen.length === 2) stop.abort()
    },
  })
  await expect(scan).rejects.toThrow(/abort/)
  expect(seen.map(({ added }) => added)).toEqual([256, 512])
  expect(await scanImages(project)).toMatchObject({ found: 600, added: 88, broken: 600 })
})

test('a folder that may not be read is named, and its images stay as they were', async () => {
  const { project, root } = await projectOf({
    'open/a.jpg': [10, 10],
    'closed/b.jpg': [11, 11],
    'c.jpg': [12, 12],
  })
  await scanImages(project)
  const folder = dirname(project.path)
  project.close()
  await chmod(dirname(folder), 0o755)
  await chmod(join(root, 'closed'), 0)
  await chmod(join(root, 'c.jpg'), 0)
  await utimes(join(root, 'c.jpg'), 0, 0)
  const script = `
    import { chownSync, readdirSync } from 'node:fs'
    const load = (name) => import(${JSON.stringify(join(process.cwd(), 'src/main/studio/project/'))} + name)
    const [{ openProject }, { scanImages }] = [await load('project.ts'), await load('scan.ts')]
    const [folder] = process.argv.slice(1)
    // No permission binds the superuser.
    if (process.getuid?.() === 0) {
      for (const path of [folder, ...readdirSync(folder).map((name) => folder + '/' + name)]) chownSync(path, 65534, 65534)
      process.setuid(65534)
    }
    const project = await openProject(folder)
    const report = await scanImages(project)
    console.log(JSON.stringify([report, project.database.all('SELECT path, width, error FROM image ORDER BY path')]))
    project.close()`
  const child = spawnSync(process.execPath, ['--input-type=module-typescript', '-e', script, folder], {
    encoding: 'utf8',
  })
  await chmod(join(root, 'closed'), 0o755)
  expect(JSON.parse(child.stdout || child.stderr)).toEqual([
    {
      ...{ found: 2, added: 0, changed: 0, moved: 0, missing: 0, removed: 0, broken: 1 },
      unreadable: [{ path: 'closed', reason: 'permission denied' }],
    },
    [
      { path: 'c.jpg', width: 12, error: 'permission denied' },
      { path: 'closed/b.jpg', width: 11, error: null },
      { path: 'open/a.jpg', width: 10, error: null },
    ],
  ])
})
