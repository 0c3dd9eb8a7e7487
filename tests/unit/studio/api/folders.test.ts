import { mkdir, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { listFolder } from '../../../../src/main/studio/api/folders.ts'
import { openOrCreate } from '../../../../src/main/studio/api/opening.ts'
import { lay, scratch } from '../../../support/scratch.ts'

let folder: string

beforeEach(async () => {
  folder = await scratch()
  for (const name of ['set/images/train', 'set/labels', 'empty', '.hidden'])
    await mkdir(join(folder, name), { recursive: true })
  for (const name of [
    'set/images/train/1.jpg',
    'set/images/train/2.PNG',
    'set/labels/1.txt',
    '.hidden/3.jpg',
    'a.csv',
    'b.onnx',
  ])
    await writeFile(join(folder, name), '')
})

test('folders say how many images are in them and below', async () => {
  const { entries, file, isHome } = await listFolder(folder)
  expect(entries.map(({ name, kind, images }) => [name, kind, images])).toEqual([
    ['empty', 'folder', 0],
    ['set', 'folder', 2],
    ['a.csv', 'labels', null],
    ['b.onnx', 'weights', null],
  ])
  expect([file, isHome]).toEqual([null, false])
})

test('a file lists its folder and is named', async () => {
  const listing = await listFolder(join(folder, 'a.csv'))
  expect([listing.path, listing.file]).toEqual([folder, join(folder, 'a.csv')])
})

test.each([null, '~'])('%s is the home folder', async (path) => {
  const { path: home, isHome } = await listFolder(path)
  expect([home, isHome]).toEqual([homedir(), true])
})

test('a folder that is not there is an error with its path', async () => {
  await expect(listFolder(join(folder, 'nowhere'))).rejects.toThrow(
    /nowhere cannot be read: it does not exist/,
  )
})

test('a path of an image or of labels opens the folder that it lies in; that of a project opens the project', async () => {
  const root = await scratch()
  await lay(root, {
    'pictures/a.jpg': [8, 8],
    'pictures/boxes.csv': 'x',
    'pictures/data.yaml': 'names: [a]',
    'a.txt': '',
  })
  for (const name of ['a.jpg', 'boxes.csv', 'data.yaml', 'project.fcos']) {
    const project = await openOrCreate(join(root, 'pictures', name))
    expect(project.imageRoot, name).toBe(join(root, 'pictures'))
    project.close()
  }
  await expect(openOrCreate(join(root, 'a.txt'))).rejects.toThrow()
  await expect(openOrCreate(join(root, 'none.csv'))).rejects.toMatchObject({ code: 'DATA_NOT_FOUND' })
})
