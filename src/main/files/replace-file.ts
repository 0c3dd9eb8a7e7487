/** Writes files that are either complete or absent at any moment, even after a power failure. */
import { randomUUID } from 'node:crypto'
import {
  closeSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { open, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { CodedError, fileFault } from '../../core/errors.ts'

/** The file that a link leads to, so that the link stays. */
const linked = (path: string): string => {
  try {
    return realpathSync(path)
  } catch {
    // There is nothing yet, or a link that leads nowhere, in whose place the file is put.
    return path
  }
}

/** The temporary name of a file: hidden, and in the same folder, so that renaming it is atomic. */
export function unfinished(path: string): string {
  const file = linked(path)
  return join(dirname(file), `.${basename(file)}.partial-${randomUUID().slice(0, 8)}`)
}

/** Whether something is at a path that is neither file nor folder: it can be written to, but has no earlier content. */
function isDevice(path: string): boolean {
  try {
    const stats = statSync(path)
    return !stats.isFile() && !stats.isDirectory()
  } catch {
    return false
  }
}

/** Throws IO_WRITE for a device, in whose place no file may be put. */
export function refuseDevice(path: string): void {
  if (!isDevice(path)) return
  throw new CodedError('IO_WRITE', `${path} is a device, a pipe or a socket`, 'Name a file or a new folder')
}

/** Throws DATA_EXISTS where there is something that may not be replaced, IO_WRITE for a device. */
export function requireFree(file: string, overwrite: boolean): void {
  refuseDevice(file)
  const stats = statSync(file, { throwIfNoEntry: false })
  if (!stats || (stats.isFile() && overwrite)) return
  throw stats.isFile()
    ? new CodedError('DATA_EXISTS', `${file} exists`, 'Give another name, or --overwrite')
    : new CodedError('DATA_EXISTS', `${file} is a folder`, 'Give another name')
}

/**
 * Writes a file. Until everything is on the disk, `path` keeps its earlier content. A link is followed; a device or a pipe
 * is written to directly.
 * @param partial its temporary name, in the same folder. Callers give one for large files with a single writer, so that the
 * next attempt overwrites what a crash left behind and leftovers do not accumulate.
 * @throws CodedError IO_DISK_FULL, IO_WRITE; the old file is then untouched and nothing is left behind.
 */
export async function replaceFile(
  path: string,
  content: Uint8Array | string,
  partial = unfinished(path),
): Promise<void> {
  if (isDevice(path)) {
    return writeFile(path, content).catch((error) => {
      throw writeError(path, error)
    })
  }
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

/** The same, synchronously, for small files. `mode`: who may read it, instead of the usual. */
export function replaceFileSync(path: string, content: Uint8Array | string, mode?: number): void {
  const file = linked(path)
  const partial = unfinished(path)
  try {
    writeFileSync(partial, content, { flush: true, ...(mode !== undefined && { mode }) })
    renameSync(partial, file)
  } catch (error) {
    try {
      rmSync(partial, { force: true })
    } catch {
      // The first error is the one to report.
    }
    throw writeError(path, error)
  }
  syncFolder(dirname(file))
}

/**
 * Moves a finished file to its final name on the same disk. A link is followed.
 * @throws CodedError IO_DISK_FULL, IO_WRITE, the latter also for a device; `partial` is left for the caller to remove.
 */
export async function settleFile(partial: string, path: string): Promise<void> {
  refuseDevice(path)
  const target = linked(path)
  try {
    const file = await open(partial, 'r+')
    try {
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(partial, target)
  } catch (error) {
    throw writeError(path, error)
  }
  syncFolder(dirname(target))
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
    EROFS: 'the disk is read-only',
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
