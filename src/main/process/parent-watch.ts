/** A thread that kills its process as soon as the process whose id it is given has gone. */
import { workerData } from 'node:worker_threads'

const LOOK_MS = 500
const parent: number = workerData

function isGone(): boolean {
  // Elsewhere than on Windows an orphan gets another parent, and the id may soon be another process's.
  if (process.platform !== 'win32') return process.ppid !== parent
  try {
    return !process.kill(parent, 0)
  } catch {
    return true
  }
}

setInterval(() => {
  if (isGone()) process.kill(process.pid, 'SIGKILL')
}, LOOK_MS)
