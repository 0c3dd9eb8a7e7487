/** No child outlives its parent, whatever the two are doing. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test, vi } from 'vitest'

const host = fileURLToPath(new URL('../../support/child-parent.ts', import.meta.url))

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

type Parent = ReturnType<typeof spawn>

const isKilled = (parent: Parent): unknown => parent.kill('SIGKILL')
const exits = (parent: Parent): unknown => parent.stdin!.write('exit\n')

test.each([
  ['that waits for a call', 'is killed', isKilled],
  ['that waits for a call', 'exits', exits],
  // Computing, a child does not look at its channel.
  ['that computes', 'is killed', isKilled],
  ['that computes', 'exits', exits],
  ['that computes before it greets', 'is killed', isKilled],
])('a child %s ends when its parent %s', async (child, _, end) => {
  const parent = spawn(process.execPath, [host, child.replace('that ', '')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const [line] = await once(parent.stdout, 'data')
  const pid = Number(line)
  onTestFinished(() => {
    if (isRunning(pid)) process.kill(pid, 'SIGKILL')
  })
  expect(isRunning(pid)).toBe(true)
  // It has begun to compute.
  if (child !== 'that waits for a call') await sleep(500)
  end(parent)
  await vi.waitFor(() => expect(isRunning(pid)).toBe(false), 10_000)
})
