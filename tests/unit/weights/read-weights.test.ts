import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readWeights } from '../../../src/main/engine/weights/read-weights.ts'

const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/${name}`, import.meta.url))

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weights-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function damaged(name: string, change: (bytes: Buffer) => Buffer): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, change(await readFile(fixture(name))))
  return path
}

/** Comparable: by name, with the bytes as numbers. */
async function contents(path: string) {
  const { tensors } = await readWeights(path)
  return Object.fromEntries(
    [...tensors]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, { dtype, shape, bytes }]) => [name, { dtype, shape: [...shape], bytes: [...bytes] }]),
  )
}

test.each(['checkpoint_zip.pth', 'checkpoint_legacy.pth', 'checkpoint_nested.pth'])(
  '%s: views, shared storages and every dtype equal the expected bytes',
  async (name) => {
    expect(await contents(fixture(name))).toEqual(await contents(fixture('checkpoint_expected.safetensors')))
  },
)

test.each(['training_zip.pth', 'training_legacy.pth', 'training_zip64.pth'])(
  '%s: the weights, in channels_last order, are found beside the state of a training',
  async (name) => {
    expect(await contents(fixture(name))).toEqual(await contents(fixture('training_expected.safetensors')))
  },
)

test('keeps the order of the file', async () => {
  const names = [...(await readWeights(fixture('checkpoint_zip.pth'))).tensors.keys()]
  expect(names.slice(0, 4)).toEqual(['plain.weight', 'transposed.weight', 'view.bias', 'half'])
})

test('a file that would run a command is refused by the name of the function', async () => {
  await expect(readWeights(fixture('checkpoint_malicious.pth'))).rejects.toMatchObject({
    code: 'WEIGHTS_UNSAFE',
    message: expect.stringContaining('posix.system'),
  })
  expect(existsSync('PWNED')).toBe(false)
})

test.each(['checkpoint_zip.pth', 'checkpoint_legacy.pth', 'checkpoint_expected.safetensors'])(
  '%s cut off anywhere is an error that names the file',
  async (name) => {
    const { length } = await readFile(fixture(name))
    for (let keep = 0; keep < length; keep += 97) {
      const path = await damaged(name, (bytes) => bytes.subarray(0, keep))
      await expect(readWeights(path)).rejects.toMatchObject({
        code: expect.stringMatching(/^WEIGHTS_/),
        message: expect.stringContaining(path),
      })
    }
  },
)

test.each(['checkpoint_zip.pth', 'checkpoint_legacy.pth'])(
  '%s with any byte of its pickle changed is read or refused, never a fault',
  async (name) => {
    const pickle = (await readFile(fixture(name))).subarray(0, 1500)
    for (let at = 0; at < pickle.length; at += 3) {
      const path = await damaged(name, (bytes) => {
        bytes[at] = bytes[at]! ^ 0x55
        return bytes
      })
      const outcome = await readWeights(path).then(
        () => 'read',
        (error) => error.code ?? error,
      )
      expect(outcome).toMatch(/^(read|WEIGHTS_[A-Z]+)$/)
    }
  },
)

test('other files are named for what they are', async () => {
  const path = join(folder, 'other')
  await expect(readWeights(path)).rejects.toMatchObject({ code: 'WEIGHTS_NOT_FOUND' })
  await writeFile(path, 'not weights')
  await expect(readWeights(path)).rejects.toMatchObject({ code: 'WEIGHTS_FORMAT' })
  const tar = Buffer.alloc(1024)
  tar.write('sys_info', 0)
  tar.write('ustar', 257)
  await writeFile(path, tar)
  await expect(readWeights(path)).rejects.toMatchObject({
    message: expect.stringContaining('tar'),
    remedy: expect.stringContaining('again'),
  })
})
