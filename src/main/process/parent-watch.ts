/** A thread that kills its process as soon as the process whose id it is given has gone. */
import { parentPort, workerData } from 'node:worker_threads'
import { whenOrphaned } from './orphan.ts'

// A thread lives as long as its port is listened to.
parentPort!.on('message', () => {})
whenOrphaned(workerData, () => process.kill(process.pid, 'SIGKILL'))
