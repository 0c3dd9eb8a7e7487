/** Against bytes by TensorBoard's own writer; tests/fixtures/make/event_file.py wrote them. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { crc32c } from '../../../../src/main/engine/logs/crc32c.ts'
import { TensorBoardLog } from '../../../../src/main/engine/logs/tensorboard.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'fcos-tensorboard-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

const START = 1_700_000_000_250

describe('TensorBoardLog', () => {
  it("writes what TensorBoard's own writer writes", () => {
    const log = new TensorBoardLog(directory, 300, START)
    log.scalars(300, { 'loss/box': 0.1, lr: 1e-3 }, START + 300_000)
    log.scalars(5_000_000_000, { [`größe/${'x'.repeat(150)}`]: -2.5 }, START + 5_000_000_000_000)
    log.close()
    const [name] = readdirSync(directory)
    const expected = readFileSync(new URL('../../../fixtures/tensorboard.events', import.meta.url))
    expect(readFileSync(join(directory, name)).toString('hex')).toBe(expected.toString('hex'))
  })

  it('gives each process a file, named in the order of time', () => {
    for (const ms of [0, 5, 1000]) new TensorBoardLog(directory, 0, START + ms).close()
    expect(readdirSync(directory).sort()).toEqual([
      'events.out.tfevents.1700000000.250.fcos',
      'events.out.tfevents.1700000000.255.fcos',
      'events.out.tfevents.1700000001.250.fcos',
    ])
  })
})

describe('crc32c', () => {
  // The check value of the CRC catalogue and RFC 3720, B.4.
  it.each([
    [Buffer.from('123456789'), 0xe3069283],
    [Buffer.alloc(32, 0), 0x8a9136aa],
    [Buffer.alloc(32, 0xff), 0x62a8ab43],
  ])('of %o', (bytes, crc) => expect(crc32c(bytes)).toBe(crc))
})
