/**
 * Allows one setup at a time per cache. The lock is an exclusive transaction of SQLite, which the operating system holds for
 * the process. It ends with the process however that dies, so locks never become stale.
 */

import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { unusableCache } from './cache.ts'

const SQLITE_BUSY = 5
const POLL_MS = 200

/** Runs `work` while holding `<cache>/setup.lock`; Throws RUNTIME_CACHE. `onWait` is called once when another process holds it. */
export async function withSetupLock<T>(
  cache: string,
  onWait: () => void,
  work: () => Promise<T>,
): Promise<T> {
  const unusable = unusableCache(cache)
  if (unusable) throw unusable
  mkdirSync(cache, { recursive: true })
  const lock = new DatabaseSync(path.join(cache, 'setup.lock'))
  try {
    for (let waited = false; !tryLock(lock); waited = true) {
      if (!waited) onWait()
      await sleep(POLL_MS)
    }
    return await work()
  } finally {
    lock.close()
  }
}

function tryLock(lock: DatabaseSync): boolean {
  try {
    lock.exec('BEGIN EXCLUSIVE')
    return true
  } catch (error) {
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return false
    throw error
  }
}
