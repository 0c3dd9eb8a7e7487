/** Writes data sets to disk, whole or not at all. */
import { constants } from 'node:fs'
import { copyFile, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { CodedError } from '../../../core/contract/errors.ts'
import type { Dataset, Problem } from '../../../core/formats/dataset.ts'
import { type Format, TRAITS } from '../../../core/formats/formats.ts'
import { inside } from '../../../core/formats/paths.ts'
import { ProblemLog } from '../../../core/formats/problems.ts'
import { checkNames } from '../../../core/formats/writer.ts'
import { kindOf } from './files.ts'

export interface WriteOptions {
  readonly format: Format
  /** A folder; for COCO and CSV also a file, if the name has the extension. */
  readonly out: string
  /** Replace label files that are there. Other files in the folder stay. */
  readonly overwrite?: boolean
  /** Copy the images from this root into the data set. Files that are there already stay as they are. */
  readonly copyImagesFrom?: string
  readonly signal?: AbortSignal
  /** Called after each file with the number of files written or copied so far. */
  readonly onProgress?: (files: number) => void
}

export interface Written {
  readonly files: number
  readonly copiedImages: number
  readonly problems: Problem[]
}

/**
 * Everything goes to a temporary folder beside the target first and is then renamed into place.
 * Throws DATA_EXISTS if the target has files and may not be overwritten, IO_WRITE if the disk refuses, and the signal's
 * reason when it is aborted.
 */
export async function writeDataset(dataset: Dataset, options: WriteOptions): Promise<Written> {
  checkNames(dataset)
  const { write, singleFile, imageFolder } = TRAITS[options.format]
  const target = resolve(options.out)
  const asFile = singleFile !== undefined && extname(target).toLowerCase() === extname(singleFile)
  const folder = asFile ? dirname(target) : target
  const partial = join(
    dirname(target),
    `.${basename(target)}.partial-${process.pid}-${Date.now().toString(36)}`,
  )
  const log = new ProblemLog(basename(target))
  /** Relative paths in the temporary folder and in the final one. */
  const moves: [from: string, to: string][] = []
  const moved = (from: string, to: string): void => {
    moves.push([from, to])
    options.onProgress?.(moves.length)
    options.signal?.throwIfAborted()
  }
  try {
    await checkTarget(target, asFile, options.overwrite ?? false)
    await mkdir(partial, { recursive: true })
    for (const { path, text } of write(dataset, log)) {
      await mkdir(dirname(join(partial, path)), { recursive: true })
      // 'wx' fails where two names are one, on file systems that ignore case.
      await writeFile(join(partial, path), text, { flag: 'wx' })
      moved(path, asFile ? basename(target) : path)
    }
    const files = moves.length
    if (options.copyImagesFrom !== undefined) {
      for (const { fileName } of dataset.images) {
        const path = inside(imageFolder, fileName)
        if (await kindOf(join(folder, path))) continue
        await mkdir(dirname(join(partial, path)), { recursive: true })
        await copyFile(
          join(options.copyImagesFrom, fileName),
          join(partial, path),
          constants.COPYFILE_FICLONE,
        )
        moved(path, path)
      }
    }
    if (!asFile && (await kindOf(target)) === undefined) await rename(partial, target)
    else {
      for (const [from, to] of moves) {
        await mkdir(dirname(join(folder, to)), { recursive: true })
        await rename(join(partial, from), join(folder, to))
      }
    }
    return { files, copiedImages: moves.length - files, problems: log.problems }
  } catch (error) {
    options.signal?.throwIfAborted()
    throw error instanceof CodedError ? error : unwritable(target, error)
  } finally {
    // A folder that cannot be made cannot be removed either; the first error is the one to tell.
    await rm(partial, { recursive: true, force: true }).catch(() => undefined)
  }
}

async function checkTarget(target: string, asFile: boolean, overwrite: boolean): Promise<void> {
  const kind = await kindOf(target)
  if (kind !== undefined && (kind === 'file') !== asFile) {
    throw new CodedError('DATA_EXISTS', `${target} is a ${kind}`, 'Give another name')
  }
  const taken = kind === 'file' || (kind === 'folder' && (await readdir(target)).length > 0)
  if (taken && !overwrite) {
    throw new CodedError(
      'DATA_EXISTS',
      `${target} ${asFile ? 'exists' : 'has files'}`,
      'Give another name, or --overwrite',
    )
  }
}

function unwritable(target: string, cause: unknown): CodedError {
  const { code, path, message } = cause as NodeJS.ErrnoException
  if (code === 'EEXIST') {
    return new CodedError('DATA_FILE_NAME', `Two images share the label file ${path}`, undefined, { cause })
  }
  const reason = code === 'ENOSPC' ? 'the disk is full' : message
  return new CodedError('IO_WRITE', `${target} was not written: ${reason}`, 'Nothing was left there', {
    cause,
  })
}
