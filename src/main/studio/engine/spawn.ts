/** Starts the engine's process. */
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { connect, type Engine } from './client.ts'
import { engineEnvironment, FAST_MATH, readRuntimeRecord } from './environment.ts'
import { CHECKOUT, type EnginePlace, engineEntry } from './place.ts'

export interface EngineOptions {
  /** Whether convolutions may round to bfloat16; left out, where the CPU has AMX for it. Given up where the engine's own check fails. */
  readonly fastMath?: boolean | undefined
  /** Gives way to whatever else wants the processor, as a window does in which somebody draws. */
  readonly background?: boolean
  /** Variables beside those of engineEnvironment. */
  readonly env?: Readonly<Record<string, string>>
  /** Left out: this checkout and the Node that runs it. */
  readonly place?: EnginePlace
  /** The program that the process runs, if not the place's engine. */
  readonly entry?: string
  /** Milliseconds in which the engine must be ready: TensorFlow with CUDA takes tens of seconds on a cold disk. */
  readonly helloTimeout?: number
}

/** Characters of standard error that are kept for the message when it dies. */
const KEPT = 4096

/**
 * The engine is plain Node in a child process, so that it can be killed without loss. It ends
 * with its parent: by the closing of the channel if the parent is killed, by force if the parent exits.
 *
 * @throws CodedError RUNTIME_MISSING, ENGINE_TIMEOUT, ENGINE_DIED, ENGINE_PROTOCOL.
 */
export async function startEngine(options: EngineOptions = {}): Promise<Engine> {
  const variables = {
    ...engineEnvironment(readRuntimeRecord(options.place), options.fastMath),
    ...options.env,
  }
  const engine = await startProcess(variables, options)
  if (!variables[FAST_MATH] || engine.hello.fastMath) return engine
  // TensorFlow reads the variable once, when it is loaded: only another process computes in float32 again.
  await engine.close()
  const { [FAST_MATH]: _, ...env } = variables
  return startProcess(env, options)
}

async function startProcess(
  env: Readonly<Record<string, string>>,
  { place = CHECKOUT, entry = engineEntry(place), helloTimeout = 120_000, background = false }: EngineOptions,
): Promise<Engine> {
  const child = spawn(place.node, [entry], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    serialization: 'advanced',
    env,
    // A process group of its own: Ctrl-C in the terminal reaches the parent alone, which cancels in order.
    detached: process.platform !== 'win32',
  })
  if (background && child.pid !== undefined) giveWay(child.pid)
  const end = (): void => {
    child.kill('SIGKILL')
  }
  process.once('exit', end)
  child.once('exit', () => process.off('exit', end))

  // TensorFlow's greetings go to standard output; an unread pipe would block it.
  child.stdout!.resume()
  let tail = ''
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    tail = (tail + text).slice(-KEPT)
  })
  return connect(child, () => tail, helloTimeout)
}

/** Called before TensorFlow starts its threads, which take over the priority of the one that starts them. */
function giveWay(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL)
    // Linux desktops share the processor between sessions first, and a process group of its own is one: there a priority
    // counts within the session only, unless the session's own is lowered too.
    if (process.platform === 'linux') {
      writeFileSync(`/proc/${pid}/autogroup`, String(constants.priority.PRIORITY_BELOW_NORMAL))
    }
  } catch {
    // A matter of comfort: the process may have ended already, and kernels without such groups have no such file.
  }
}
