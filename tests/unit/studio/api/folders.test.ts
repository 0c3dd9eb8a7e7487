import { mkdir, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { listFolder } from '../../../../src/main/studio/api/folders.ts'
import { scratch } from '../../../support/scratch.ts'

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
  ])
    await writeFile(join(folder, name), '')
})

test('folders say how many images are in them and below', async () => {
  const { entries, file, isHome } = await listFolder(folder)
  expect(entries.map(({ name, kind, images }) => [name, kind, images])).toEqual([
    ['empty', 'folder', 0],
    ['set', 'folder', 2],
    ['a.csv', 'labels', null],
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
