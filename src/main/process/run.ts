/** Runs other people's programs, without a shell. */
import { type ChildProcess, spawn } from 'node:child_process'

export interface RunResult {
  /** Exit status; −1 if the program could not be started or was ended by a signal. */
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  readonly timeoutMs?: number
  /** Lets the program write its progress to this terminal instead of capturing standard output. */
  readonly showProgress?: boolean
  /** Receives what the program writes to standard output and standard error, as it arrives. */
  readonly onOutput?: (text: string) => void
}

/** Never rejects: a program that does not exist is a status of −1 with the reason in `stderr`. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      // spawn's own timeout is not used, because its timer outlives a program that could not be started.
      ...(options.timeoutMs && { signal: AbortSignal.timeout(options.timeoutMs) }),
      stdio: ['ignore', options.showProgress && process.stdout.isTTY ? 'inherit' : 'pipe', 'pipe'],
      windowsHide: true,
    })
    const release = endTogether(child)
    let stdout = ''
    let stderr = ''
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
      options.onOutput?.(text)
    })
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
      options.onOutput?.(text)
    })
    child.on('error', (error) => {
      release()
      resolve({ status: -1, stdout, stderr: error.message })
    })
    child.on('close', (status, signal) => {
      release()
      resolve({ status: status ?? -1, stdout, stderr: signal ? `${stderr}ended by ${signal}` : stderr })
    })
  })
}

/**
 * Runs a program in this terminal. Signals that ask this program to end are passed on, so that the other ends in its
 * own way.
 * @returns its exit status; −1 where it could not be started or was ended by a signal.
 */
export function runInForeground(command: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: 'inherit' })
    const kill = (): void => void child.kill('SIGKILL')
    const forward = (signal: NodeJS.Signals): void => void child.kill(signal)
    process.on('exit', kill)
    for (const signal of SIGNALS) process.on(signal, forward)
    const settle = (status: number): void => {
      process.off('exit', kill)
      for (const signal of SIGNALS) process.off(signal, forward)
      resolve(status)
    }
    child.on('error', () => settle(-1))
    child.on('close', (status) => settle(status ?? -1))
  })
}

/** Starts a program that outlives this one. If it cannot be started, nothing happens. */
export function launch(command: string, args: readonly string[]): void {
  const child = spawn(command, args, { detached: true, stdio: 'ignore' })
  child.on('error', () => {})
  child.unref()
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Ends the program with this one, whatever signal ends this one. Returns a function that undoes this. */
function endTogether(child: ChildProcess): () => void {
  const kill = (): void => void child.kill('SIGKILL')
  const end = (signal: NodeJS.Signals): void => {
    kill()
    release()
    // Without other listeners, the signal has its usual effect.
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal)
  }
  const release = (): void => {
    process.off('exit', kill)
    for (const signal of SIGNALS) process.off(signal, end)
  }
  process.on('exit', kill)
  for (const signal of SIGNALS) process.on(signal, end)
  return release
}

/** A program that runs in parallel to this one, with all processes that it starts. */
export interface ProcessGroup {
  /** Once it and its output have ended. `stderr` is the end of its standard error output. */
  readonly ended: Promise<{
    readonly status: number | null
    readonly signal: string | null
    readonly stderr: string
  }>
  /** Kills the program and all processes that it started. */
  kill(): void
}

/** Characters of standard error that are kept. */
const KEPT = 16_384

/**
 * Starts a program in a process group of its own, so that Ctrl-C in the terminal reaches only this program, which stops the
 * other in its own way. The group ends with this process.
 */
export function startGroup(command: string, args: readonly string[], options: RunOptions = {}): ProcessGroup {
  const isWindows = process.platform === 'win32'
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: !isWindows,
    windowsHide: true,
  })
  const kill = (): void => {
    try {
      if (isWindows || child.pid === undefined) child.kill('SIGKILL')
      else process.kill(-child.pid, 'SIGKILL')
    } catch {
      // The process has already ended.
    }
  }
  process.once('exit', kill)
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-KEPT)
    options.onOutput?.(text)
  })
  const ended = new Promise<Awaited<ProcessGroup['ended']>>((resolve) => {
    child.on('error', (error) => resolve({ status: -1, signal: null, stderr: error.message }))
    child.on('close', (status, signal) => resolve({ status, signal, stderr }))
  }).finally(() => {
    process.off('exit', kill)
    // Kills what a killed launcher has left of its group.
    kill()
  })
  return { ended, kill }
}
