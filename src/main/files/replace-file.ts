/** Writes files that are either complete or absent at any moment, even after a power failure. */
import { randomUUID } from 'node:crypto'
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { CodedError, fileFault } from '../../core/errors.ts'

/** The temporary name of a file: hidden, and in the same folder, so that renaming it is atomic. */
export const unfinished = (path: string): string =>
  join(dirname(path), `.${basename(path)}.partial-${randomUUID().slice(0, 8)}`)

/**
 * Writes a file. Until everything is on the disk, `path` keeps its earlier content.
 * @param partial its temporary name, in the same folder. Callers give one for large files with a single writer, so that the
 * next attempt overwrites what a crash left behind and leftovers do not accumulate.
 * @throws CodedError IO_DISK_FULL, IO_WRITE; the old file is then untouched and nothing is left behind.
 */
export async function replaceFile(
  path: string,
  content: Uint8Array | string,
  partial = unfinished(path),
): Promise<void> {
  try {
    const file = await open(partial, 'w')
    try {
      await file.writeFile(content)
    } finally {
      await file.close()
    }
    await settleFile(partial, path)
  } catch (error) {
    await rm(partial, { force: true }).catch(() => undefined)
    throw error instanceof CodedError ? error : writeError(path, error)
  }
}

/** The same, synchronously, for small files. */
export function replaceFileSync(path: string, content: Uint8Array | string): void {
  const partial = unfinished(path)
  try {
    writeFileSync(partial, content, { flush: true })
    renameSync(partial, path)
  } catch (error) {
    try {
      rmSync(partial, { force: true })
    } catch {
      // The first error is the one to report.
    }
    throw writeError(path, error)
  }
  syncFolder(dirname(path))
}

/**
 * Moves a finished file to its final name.
 * @throws CodedError IO_DISK_FULL, IO_WRITE; `partial` is left for the caller to remove.
 */
export async function settleFile(partial: string, path: string): Promise<void> {
  try {
    const file = await open(partial, 'r+')
    try {
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(partial, path)
  } catch (error) {
    throw writeError(path, error)
  }
  syncFolder(dirname(path))
}

/**
 * Without this, the rename may not survive a power failure. Windows and some network disks do not support it; the file is
 * complete there too.
 */
function syncFolder(folder: string): void {
  try {
    const descriptor = openSync(folder, 'r')
    try {
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
  } catch {
    // See above.
  }
}

export function writeError(path: string, error: unknown): CodedError {
  const { code } = error as NodeJS.ErrnoException
  const kept = 'What was there before is untouched.'
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    const remedy = `${kept} Free some space`
    return new CodedError('IO_DISK_FULL', `${path}: the disk is full`, remedy, { cause: error })
  }
  const reasons: Record<string, string> = {
    EACCES: 'permission denied',
    EPERM: 'permission denied',
    EROFS: 'the disk can only be read',
    EISDIR: 'it is a folder',
    ENOTDIR: 'a file is in the place of its folder',
    EEXIST: 'a file is in the place of its folder',
  }
  const reason = (code && reasons[code]) ?? fileFault(error).reason
  return new CodedError(
    'IO_WRITE',
    `${path}: cannot be written (${reason})`,
    `${kept} Choose another place`,
    {
      cause: error,
    },
  )
}
