/**
 * Ends a child with its parent; to be imported before anything slow. The parent's end of the channel closes however the
 * parent dies, but a process that computes may not check its channel for minutes, so a separate thread watches the parent.
 */
import { Worker } from 'node:worker_threads'
import { PARENT } from './messages.ts'

process.on('disconnect', () => process.exit())

const parent = Number(process.env[PARENT])
if (parent > 0) new Worker(new URL('./parent-watch.ts', import.meta.url), { workerData: parent }).unref()
