import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, test, vi } from 'vitest'

const host = fileURLToPath(new URL('../../../support/engine-parent.ts', import.meta.url))

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test.each([
  ['is killed', (parent: ReturnType<typeof spawn>) => parent.kill('SIGKILL')],
  ['exits', (parent: ReturnType<typeof spawn>) => parent.stdin!.write('exit\n')],
])('the engine ends when its parent %s', async (_, end) => {
  const parent = spawn(process.execPath, [host], { stdio: ['pipe', 'pipe', 'inherit'] })
  const [line] = await once(parent.stdout, 'data')
  const pid = Number(line)
  expect(isRunning(pid)).toBe(true)
  end(parent)
  await vi.waitFor(() => expect(isRunning(pid)).toBe(false), 10_000)
})
