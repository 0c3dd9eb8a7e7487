/**
 * The built desktop program, driven as its user does: in Electron where its binary is, else in tests/support/electron-stand-in.
 * Functions given to `evaluate` run in the main process; they see their arguments only.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { _electron, type Browser, chromium, type Page } from 'playwright'
import { onTestFinished } from 'vitest'
import { findElectron } from '../../src/main/setup/electron.ts'
import { provideWindow } from '../../src/main/setup/window.ts'
import { scratch } from './scratch.ts'

export const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const REGISTER = new URL('./electron-stand-in/register.ts', import.meta.url).href

type Electron = typeof import('electron')

export interface Desktop {
  /** Of the window that is shown. */
  page(): Promise<Page>
  evaluate<Argument, Result>(
    work: (electron: Electron, argument: Argument) => Result | Promise<Result>,
    argument?: Argument,
  ): Promise<Result>
  /** Quits, and waits for the end. */
  quit(): Promise<void>
  /** What it has printed. */
  output(): string
}

export interface Start {
  /** What a user would add to the command. */
  readonly arguments?: readonly string[]
  /** Of an earlier start, to find what it remembered. */
  readonly folder?: string
}

export const DRIVEN = findElectron() ? 'Electron' : "the stand-in for Electron's binary"

export async function startDesktop({ arguments: more = [], folder }: Start = {}): Promise<Desktop> {
  await provideWindow(console.log)
  const home = folder ?? (await scratch())
  const words = [`--user-data-dir=${path.join(home, 'user')}`, ...more]
  const env = { ...process.env, FCOS_HOME: path.join(home, 'home'), FCOS_CACHE: path.join(home, 'cache') }
  const binary = findElectron()
  const desktop = binary ? await startElectron(binary, words, env) : await startStandIn(words, env)
  onTestFinished(() => desktop.quit())
  return desktop
}

async function startElectron(
  executablePath: string,
  words: readonly string[],
  env: Record<string, string>,
): Promise<Desktop> {
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  const electron = await _electron.launch({
    executablePath,
    args: ['.', ...sandbox, ...words],
    cwd: ROOT,
    env,
  })
  let output = ''
  for (const stream of [electron.process().stdout, electron.process().stderr]) {
    stream?.on('data', (text) => {
      output += text
    })
  }
  await electron.firstWindow()
  return {
    page: async () => electron.firstWindow(),
    evaluate: (work, argument) => electron.evaluate(work as never, argument as never),
    quit: () => electron.close(),
    output: () => output,
  }
}

async function startStandIn(words: readonly string[], env: NodeJS.ProcessEnv): Promise<Desktop> {
  const child = spawnStandIn(words, env)
  let output = ''
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text
    })
  }
  const waiting = new Map<number, PromiseWithResolvers<never>>()
  const browser = Promise.withResolvers<Browser>()
  child.on('message', (message: { endpoint: string } | { id: number; value: never; error?: string }) => {
    if ('endpoint' in message) {
      chromium.connectOverCDP(message.endpoint).then(browser.resolve, () => {})
      return
    }
    const { resolve, reject } = waiting.get(message.id)!
    if (message.error === undefined) resolve(message.value)
    else reject(new Error(message.error))
  })
  const ended = once(child, 'exit').then(() => {
    const error = new Error(`The program has ended:\n${output}`)
    browser.reject(error)
    for (const { reject } of waiting.values()) reject(error)
  })
  browser.promise.catch(() => {})
  const context = (await browser.promise).contexts()[0]!
  let nextId = 1
  const evaluate: Desktop['evaluate'] = (work, argument) => {
    const id = nextId++
    const task = Promise.withResolvers<never>()
    waiting.set(id, task)
    child.send({ id, source: String(work), argument })
    return task.promise
  }
  return {
    evaluate,
    async page() {
      const page = context.pages()[0] ?? (await context.waitForEvent('page'))
      await page.waitForURL((url) => url.protocol !== 'about:')
      return page
    },
    async quit() {
      const late = setTimeout(() => child.kill(), 5000)
      if (child.connected) await evaluate(({ app }) => app.quit()).catch(() => {})
      await ended
      clearTimeout(late)
    },
    output: () => output,
  }
}

/** A second start of the program: resolves to its exit status. */
export async function startAgain({ folder, arguments: more = [] }: Required<Start>): Promise<number | null> {
  const words = [`--user-data-dir=${path.join(folder, 'user')}`, ...more]
  const binary = findElectron()
  const child = binary ? spawn(binary, ['.', ...words], { cwd: ROOT }) : spawnStandIn(words, process.env)
  const [status] = await once(child, 'exit')
  return status
}

function spawnStandIn(words: readonly string[], env: NodeJS.ProcessEnv): ChildProcess {
  return spawn(process.execPath, ['--import', REGISTER, 'out/main/index.js', ...words], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
}
