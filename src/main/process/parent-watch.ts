/** A thread that kills its process as soon as the process with the given id has exited. */
import { parentPort, workerData } from 'node:worker_threads'
import { whenOrphaned } from './orphan.ts'

// Listening on its port keeps the thread alive.
parentPort!.on('message', () => {})
whenOrphaned(workerData, () => process.kill(process.pid, 'SIGKILL'))
