import { execFileSync } from 'node:child_process'
import { lstatSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runTargets } from '../../../src/main/cli/commands/targets.ts'
import {
  replaceFile,
  replaceFileSync,
  requireFree,
  settleFile,
} from '../../../src/main/files/replace-file.ts'
import { writeDataset } from '../../../src/main/studio/datasets/index.ts'
import { resultWriter } from '../../../src/main/studio/detection/results.ts'
import { lay, scratch } from '../../support/scratch.ts'

test('nothing but the file is left in its folder', async () => {
  const folder = await scratch()
  await replaceFile(join(folder, 'a'), 'one')
  replaceFileSync(join(folder, 'a'), 'two')
  expect(readdirSync(folder)).toEqual(['a'])
  expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('two')
})

test('a link stays a link, and the file that it leads to is replaced', async () => {
  const folder = await scratch()
  await lay(folder, { 'real/a': 'one' })
  symlinkSync(join(folder, 'real', 'a'), join(folder, 'link'))
  for (const replace of [replaceFile, replaceFileSync]) {
    writeFileSync(join(folder, 'real', 'a'), 'one')
    await replace(join(folder, 'link'), 'two')
    expect(lstatSync(join(folder, 'link')).isSymbolicLink()).toBe(true)
    expect(readFileSync(join(folder, 'real', 'a'), 'utf8')).toBe('two')
  }
  expect(readdirSync(join(folder, 'real'))).toEqual(['a'])
})

describe.skipIf(process.platform === 'win32')('devices and pipes', () => {
  test('take what is written to them, and stay what they are', async () => {
    const pipe = join(await scratch(), 'pipe')
    execFileSync('mkfifo', [pipe])
    const [read] = await Promise.all([readFile(pipe, 'utf8'), replaceFile(pipe, 'text')])
    expect(read).toBe('text')
    expect(statSync(pipe).isFIFO()).toBe(true)
  })

  // The superuser could replace the machine's own device, should replaceFile be broken.
  test.skipIf(process.platform !== 'linux' || process.getuid?.() === 0)('that are full say so', async () => {
    await expect(replaceFile('/dev/full', 'text')).rejects.toMatchObject({ code: 'IO_DISK_FULL' })
    expect(statSync('/dev/full').isCharacterDevice()).toBe(true)
  })

  const DATASET = { categories: [], images: [] }
  test.each<[string, (path: string) => Promise<unknown>]>([
    ['a finished file', async (path) => settleFile(join(await written(), 'a'), path)],
    ['a list of results', (path) => resultWriter(path, 'coco')],
    ['a folder of results', (path) => resultWriter(path, 'csv')],
    ['a data set', (path) => writeDataset(DATASET, { format: 'yolo', out: path, overwrite: true })],
    [
      'a data set in one file',
      (path) => writeDataset(DATASET, { format: 'coco', out: path, overwrite: true }),
    ],
    ['an export of the studio', async (path) => requireFree(path, true)],
  ])('are never replaced by %s', async (_, write) => {
    const folder = await scratch()
    for (const name of ['pipe', 'pipe.json']) {
      const pipe = join(folder, name)
      execFileSync('mkfifo', [pipe])
      await expect(write(pipe)).rejects.toMatchObject({
        message: expect.stringContaining('a device, a pipe or a socket'),
        remedy: expect.stringContaining('Name '),
      })
      expect(statSync(pipe).isFIFO()).toBe(true)
    }
    expect(readdirSync(folder).sort()).toEqual(['pipe', 'pipe.json'])
  })
})

async function written(): Promise<string> {
  const folder = await scratch()
  await lay(folder, { a: 'text' })
  return folder
}

test('targets replace earlier targets, and no other file', async () => {
  const folder = await scratch()
  await lay(folder, {
    'boxes.json': '[[1, 1, 20, 20]]',
    'model.safetensors': 'weights',
    'empty.safetensors': '',
  })
  const write = (out: string) =>
    runTargets({ width: 64, height: 64, boxes: join(folder, 'boxes.json'), out: join(folder, out) })
  await write('targets.safetensors')
  await write('targets.safetensors')
  await write('empty.safetensors')
  for (const other of ['model.safetensors', 'boxes.json']) {
    const before = readFileSync(join(folder, other), 'utf8')
    await expect(write(other)).rejects.toMatchObject({
      code: 'DATA_EXISTS',
      remedy: expect.stringContaining('--out'),
    })
    expect(readFileSync(join(folder, other), 'utf8')).toBe(before)
  }
})
