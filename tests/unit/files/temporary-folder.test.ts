/** Folders of processes that were killed are removed by the next one; those of running processes, and of others, stay. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryFolder } from '../../../src/main/files/temporary-folder.ts'

test('what a killed process left is removed, and nothing else', async () => {
  const own = await temporaryFolder('test')
  const of = (change: (name: string) => string) => {
    const folder = join(dirname(own), change(basename(own)))
    mkdirSync(folder)
    writeFileSync(join(folder, 'copy.tif'), 'pixels')
    return folder
  }
  const { pid: dead } = spawnSync(process.execPath, ['-e', '0'])
  const left = of((name) => name.replace(`-${process.pid}-`, `-${dead}-`))
  const others = [
    of((name) => name.replace(`-${process.pid}-`, `-${process.ppid}-`)),
    of((name) => name.replace(/^(fcos-test)-\w+-\d+/, `$1-00000000-${dead}`)),
    of((name) => name.replace(`-${process.pid}-`, `-${dead}.1-`)),
  ]
  const next = await temporaryFolder('test')
  onTestFinished(() => {
    for (const folder of [own, next, ...others]) rmSync(folder, { recursive: true })
  })
  expect(existsSync(left)).toBe(false)
  expect([own, next, ...others].every((folder) => existsSync(folder))).toBe(true)
})
