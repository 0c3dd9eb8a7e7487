import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { CodedError } from '../../../core/errors.ts'

/**
 * Puts a file in place so that at any moment, also after a power cut, `path` holds either what it held before or all
 * of `bytes`: written under PATH.partial, forced to the disk, renamed. One writer per path at a time.
 *
 * Throws IO_DISK_FULL or IO_WRITE; the old file is then untouched and nothing is left behind.
 */
export async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  const partial = `${path}.partial`
  try {
    await writeToDisk(partial, bytes)
    await rename(partial, path)
  } catch (error) {
    await rm(partial, { force: true })
    throw writeError(path, error as NodeJS.ErrnoException)
  }
  await syncFolder(dirname(path))
}

async function writeToDisk(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'w')
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Only then does the rename outlast a power cut. Windows and some network disks cannot; the file is whole there too. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder).catch(() => undefined)
  await handle?.sync().catch(() => undefined)
  await handle?.close()
}

function writeError(path: string, cause: NodeJS.ErrnoException): CodedError {
  const kept = 'What was there before is untouched'
  return cause.code === 'ENOSPC' || cause.code === 'EDQUOT'
    ? new CodedError('IO_DISK_FULL', `${path}: the disk is full`, `${kept}. Free some space`, { cause })
    : new CodedError('IO_WRITE', `${path}: cannot be written (${cause.code ?? cause.message})`, kept, {
        cause,
      })
}
