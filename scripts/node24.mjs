/** Node 24 from npm's `node` package, so that everything runs on the same major version as in Electron. */

import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const PROJECT = fileURLToPath(new URL('../', import.meta.url))

/** The program's path, or null before `npm run setup`. */
export function node24() {
  const file = path.join(PROJECT, 'node_modules/node/bin', process.platform === 'win32' ? 'node.exe' : 'node')
  return existsSync(file) ? file : null
}

/**
 * Runs a program in place of this one, with the same terminal and signals. Resolves to its exit status, 128 + n after signal
 * n as shells report it.
 */
export function runInPlace(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    // If this process is killed, the program notices and exits.
    const env = { ...process.env, ...options.env, FCOS_WRAPPER: String(process.pid) }
    const child = spawn(command, args, { stdio: 'inherit', ...options, env })
    // A terminal sends Ctrl-C to the child as well: forwarding it would interrupt the child twice.
    const fromTerminal = hasTerminal()
    const forward = (signal) => {
      if (signal !== 'SIGINT' || !fromTerminal) child.kill(signal)
    }
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
    for (const signal of signals) process.on(signal, forward)
    // npm runs a script in a shell, which exits without forwarding the signal.
    const parent = process.ppid
    const watch = setInterval(() => {
      if (process.env.npm_lifecycle_event && process.ppid !== parent) child.kill('SIGTERM')
    }, 250)
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      clearInterval(watch)
      for (const name of signals) process.off(name, forward)
      resolve(signal ? 128 + SIGNAL_NUMBERS[signal] : code)
    })
  })
}

const SIGNAL_NUMBERS = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGILL: 4,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGTERM: 15,
}

function hasTerminal() {
  try {
    closeSync(openSync(process.platform === 'win32' ? '\\\\.\\CONIN$' : '/dev/tty', 'r'))
    return true
  } catch {
    return false
  }
}
