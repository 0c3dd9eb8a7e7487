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

type Parent = ReturnType<typeof spawn>

test.each([
  [
    'that watches its channel ends when its parent is killed',
    'well',
    (parent: Parent) => parent.kill('SIGKILL'),
  ],
  // Computing, an engine does not look at its channel.
  ['that is busy ends when its parent exits', 'deaf', (parent: Parent) => parent.stdin!.write('exit\n')],
])('an engine %s', async (_, behaviour, end) => {
  const parent = spawn(process.execPath, [host, behaviour], { stdio: ['pipe', 'pipe', 'inherit'] })
  const [line] = await once(parent.stdout, 'data')
  const pid = Number(line)
  expect(isRunning(pid)).toBe(true)
  end(parent)
  await vi.waitFor(() => expect(isRunning(pid)).toBe(false), 10_000)
})
