/**
 * Imported before anything that takes long, this ends a child with its parent. The parent's end of the channel closes
 * however the parent dies; but a process that computes does not look at its channel for seconds or minutes, so a thread
 * beside it looks for the parent.
 */
import { Worker } from 'node:worker_threads'
import { PARENT } from './messages.ts'

process.on('disconnect', () => process.exit())

const parent = Number(process.env[PARENT])
if (parent > 0) new Worker(new URL('./parent-watch.ts', import.meta.url), { workerData: parent }).unref()
