/** What is told to end has ended within two seconds, whatever it was doing, and nothing outlives it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test, vi } from 'vitest'
import { scratch } from '../support/scratch.ts'
import { SAMPLE } from '../support/studio.ts'

const PROJECT = fileURLToPath(new URL('../../', import.meta.url))
const FCOS = join(PROJECT, 'bin/fcos.mjs')

/** Milliseconds; a busy machine gets twice what is promised. */
const SOON = 4000

/** All processes below one, by id. */
function descendants(pid: number): number[] {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        // The name in parentheses may hold blanks.
        const fields = readFileSync(`/proc/${name}/stat`, 'utf8')
          .replace(/^.*\) /s, '')
          .split(' ')
        return fields[0] === 'Z' ? [] : [{ pid: Number(name), parent: Number(fields[1]) }]
      } catch {
        return []
      }
    })
  const below = (of: number): number[] =>
    parents.filter(({ parent }) => parent === of).flatMap((child) => [child.pid, ...below(child.pid)])
  return below(pid)
}

function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

/** Resolves when a line that fits has come on either stream. */
function said(child: ChildProcess, pattern: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = ''
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.setEncoding('utf8').on('data', (piece: string) => {
        text += piece
        if (pattern.test(text)) resolve()
      })
    }
    child.once('exit', () => reject(new Error(text)))
  })
}

function start(command: string, args: string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  const child = spawn(command, args, {
    cwd: PROJECT,
    env: { ...process.env, DISPLAY: '', ...env },
    detached: true,
  })
  const below = (): number[] => [child.pid!, ...descendants(child.pid!)]
  let all: number[] = []
  const timer = setInterval(() => {
    all = [...new Set([...all, ...below()])]
  }, 200)
  onTestFinished(() => {
    clearInterval(timer)
    for (const pid of all) if (isRunning(pid)) process.kill(pid, 'SIGKILL')
  })
  return child
}

const training = async (): Promise<string[]> => {
  const folder = await scratch()
  await cp(SAMPLE, join(folder, 'data'), { recursive: true })
  const data = join(folder, 'data/train.json')
  return [
    'train',
    '--data',
    data,
    '--model',
    'lite0',
    '--out',
    join(folder, 'run'),
    '--steps',
    '500',
    '--size',
    '320',
  ]
}

test.skipIf(process.platform !== 'linux').each([
  ['a training', 'SIGTERM', training, /steps of/],
  ['a training', 'SIGKILL', training, /steps of/],
  ['a training that starts', 'SIGKILL', training, /images with/],
  ['a benchmark', 'SIGTERM', async () => ['bench', '--model', 'r50', '--runs', '100'], /ready in/],
] as const)(
  'the engine of %s is gone soon after %s',
  async (_, signal, args, ready) => {
    const child = start(process.execPath, [FCOS, ...(await args())])
    await said(child, ready)
    await vi.waitFor(() => expect(descendants(child.pid!)).not.toEqual([]), 10_000)
    const below = descendants(child.pid!)
    child.kill(signal)
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    await vi.waitFor(() => expect(below.filter(isRunning)).toEqual([]), SOON)
  },
  120_000,
)

// npm runs the script in a shell that does not pass the signal on.
test.skipIf(process.platform !== 'linux')(
  'SIGTERM to npm start ends the server',
  async () => {
    const child = start('npm', ['start'], { FCOS_HOME: await scratch() })
    await said(child, /FCOS Studio is at/)
    const below = descendants(child.pid!)
    expect(below.length).toBeGreaterThan(1)
    child.kill('SIGTERM')
    await vi.waitFor(() => expect(below.filter(isRunning)).toEqual([]), SOON)
  },
  120_000,
)
