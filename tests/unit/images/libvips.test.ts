import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CodedError } from '../../../src/core/errors.ts'
import { decodeImage } from '../../../src/main/images/decode.ts'
import { measure } from '../../../src/main/images/header.ts'
import { keyOf } from '../../../src/main/images/image-file.ts'
import { withImage } from '../../../src/main/images/libvips.ts'
import { examine } from '../../../src/main/images/picture.ts'
import { probeFile } from '../../../src/main/images/probe.ts'
import { readReduced } from '../../../src/main/images/screen-image.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fcos-libvips-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('a task that reads an image', () => {
  it('is asked once more, alone, where its failure may be the reason of another', async () => {
    const other = Promise.withResolvers<void>()
    let running = 0
    let calls = 0
    const first = withImage('a', async () => {
      running++
      await other.promise
      running--
    })
    const doubtful = withImage('b', async () => {
      if (++calls === 1) throw new Error("another's reason")
      expect(running).toBe(0)
      throw new Error('its own reason')
    })
    await new Promise((resolve) => setTimeout(resolve, 20))
    const late = withImage('c', async () => expect(calls).toBe(2))
    expect(calls).toBe(1)
    other.resolve()
    await expect(doubtful).rejects.toThrow('b: its own reason')
    await Promise.all([first, late])
    expect(calls).toBe(2)
  })

  it('is believed where the failure is no part of libvips', async () => {
    let calls = 0
    const task = async () => {
      calls++
      throw new CodedError('DATA_IMAGE_BROKEN', 'broken', 'Replace it')
    }
    await expect(withImage('a', task)).rejects.toMatchObject({
      ...{ code: 'DATA_IMAGE_BROKEN', message: 'a: broken', remedy: 'Replace it' },
    })
    await expect(decodeImage(join(folder, 'none.png'))).rejects.toThrow('there is no such file')
    expect(calls).toBe(1)
  })
})

/** Files that are damaged in different ways, and the reason of each when it is read alone. */
async function damagedFiles(count: number) {
  const noise = Uint8Array.from({ length: 96 * 96 * 3 }, (_, i) => (i * i * 7919) % 251)
  const picture = () => sharp(noise, { raw: { width: 96, height: 96, channels: 3 } })
  const whole = await Promise.all([
    picture().jpeg().toBuffer(),
    picture().png().toBuffer(),
    picture().tiff({ compression: 'lzw' }).toBuffer(),
  ])
  const paths = Array.from({ length: count }, (_, i) => join(folder, `damaged-${i}`))
  for (const [i, path] of paths.entries()) {
    const bytes = whole[i % 3]!
    writeFileSync(path, bytes.subarray(0, bytes.length * (0.3 + 0.1 * (i % 5))))
  }
  const alone: string[] = []
  for (const path of paths) alone.push(await reasonOf(decodeImage(path)))
  return { paths, alone }
}

const reasonOf = (reading: Promise<unknown>): Promise<string> =>
  reading.then(
    () => 'none',
    ({ message }: Error) => message,
  )

describe('damaged files are told their own reasons', () => {
  it('when threads of one process read them at the same time', async () => {
    const { paths, alone } = await damagedFiles(60)
    const script = `
      const { parentPort, workerData } = require('node:worker_threads')
      import(workerData.module).then(async ({ decodeImage }) => {
        const reason = (path) => decodeImage(path).then(() => 'none', (error) => error.message)
        const told = []
        for (let round = 0; round < 5; round++) told.push(await Promise.all(workerData.paths.map(reason)))
        parentPort.postMessage(told)
      })`
    const module = new URL('../../../src/main/images/decode.ts', import.meta.url).href
    const threads = [0, 1, 2].map(() => new Worker(script, { eval: true, workerData: { module, paths } }))
    const told = await Promise.all(
      threads.map((thread) => new Promise<string[][]>((resolve) => thread.once('message', resolve))),
    )
    for (const round of told.flat()) expect(round).toEqual(alone)
    await Promise.all(threads.map((thread) => thread.terminate()))
  })

  it('when the scan, the screen and the network read them at the same time', async () => {
    const { paths, alone } = await damagedFiles(30)
    const onScreen = async (path: string) => readReduced(await examine(path, await keyOf(path)), 64)
    const scanned: (string | null)[] = []
    for (const path of paths) scanned.push((await probeFile(path)).error)
    expect(scanned.filter((error) => error === null)).toEqual([])
    const shown: string[] = []
    for (const path of paths) shown.push(await reasonOf(onScreen(path)))
    const told = await Promise.all(
      paths.map((path) =>
        Promise.all([
          reasonOf(decodeImage(path)),
          probeFile(path).then(({ error }) => error),
          reasonOf(onScreen(path)),
        ]),
      ),
    )
    expect(told).toEqual(paths.map((_, i) => [alone[i], scanned[i], shown[i]]))
  })
})

describe.skipIf(process.platform === 'win32')(
  'what is no regular file is refused and never waited for',
  () => {
    it('whoever reads it', async () => {
      const pipe = join(folder, 'pipe.jpg')
      execFileSync('mkfifo', [pipe])
      const socket = join(folder, 'socket.png')
      const server = createServer().listen(socket)
      await new Promise((resolve) => server.once('listening', resolve))
      const directory = join(folder, 'folder.jpg')
      mkdirSync(directory)
      for (const [path, reason] of [
        [pipe, 'it is a named pipe, not a file'],
        [socket, 'it is a socket, not a file'],
        ['/dev/zero', 'it is a device, not a file'],
        [directory, 'it is a folder, not a file'],
      ] as const) {
        const refused = { code: 'DATA_IMAGE_UNREADABLE', message: `${path}: ${reason}` }
        await expect(decodeImage(path)).rejects.toMatchObject(refused)
        await expect(keyOf(path)).rejects.toMatchObject(refused)
        await expect(examine(path, '')).rejects.toMatchObject(refused)
        expect(await probeFile(path)).toMatchObject({ hash: null, error: reason })
        expect(await measure(path)).toBeUndefined()
      }
      await new Promise((resolve) => server.close(resolve))
    })
  },
)
