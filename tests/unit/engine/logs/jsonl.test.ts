import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { JsonLinesLog } from '../../../../src/main/engine/logs/jsonl.ts'

let directory: string
let path: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'fcos-jsonl-'))
  path = join(directory, 'log.jsonl')
})
afterEach(() => rmSync(directory, { recursive: true }))

function write(nextStep: number, steps: readonly number[], loss: number) {
  const log = new JsonLinesLog(path, nextStep)
  for (const step of steps) log.append({ step, loss })
  log.close()
}
const lines = () => readFileSync(path, 'utf8').split('\n').slice(0, -1)
const steps = () => lines().map((line) => JSON.parse(line).step)

describe('JsonLinesLog', () => {
  it('writes one JSON object per line, as soon as it is appended', () => {
    const log = new JsonLinesLog(path, 0)
    log.append({ step: 0, loss: 1.5, note: 'zwölf' })
    expect(lines()).toEqual(['{"step":0,"loss":1.5,"note":"zwölf"}'])
    log.close()
  })

  it('drops lines at or after the resumed step, so that a curve has no step twice', () => {
    write(0, [0, 1, 2, 3, 4], 1)
    write(3, [3, 4, 5], 2)
    expect(steps()).toEqual([0, 1, 2, 3, 4, 5])
    expect(lines().map((line) => JSON.parse(line).loss)).toEqual([1, 1, 1, 2, 2, 2])
  })

  it('starts anew at step 0', () => {
    write(0, [0, 1], 1)
    write(0, [0], 2)
    expect(lines()).toEqual(['{"step":0,"loss":2}'])
  })

  it.each(['{"step":2,"lo', '{"step":2}', '\0\0\0\0\n'])('cuts off a torn last line: %j', (torn) => {
    write(0, [0, 1], 1)
    appendFileSync(path, torn)
    write(9, [9], 1)
    expect(steps()).toEqual([0, 1, 9])
  })

  it('keeps a log that only lacks its torn line', () => {
    writeFileSync(path, '{"step":0}\n{"step":1}\n')
    write(2, [], 1)
    expect(steps()).toEqual([0, 1])
  })
})
