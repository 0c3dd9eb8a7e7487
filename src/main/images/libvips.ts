/** libvips (through sharp) reads and writes all images except BMP files. All its uses must go through `withImage`. */
import sharp, { type SharpOptions } from 'sharp'
import { CodedError } from '../../core/errors.ts'
import { imageError, isOfFileSystem } from './errors.ts'
import { Turnstile } from './turnstile.ts'

// A cached file would stay open, and a replaced file would be read in its old version.
sharp.cache(false)

/** Undecodable and missing pixels are errors; whatever viewers accept is accepted. The caller must limit sizes. */
export const LENIENT = { failOn: 'error', limitInputPixels: false } as const satisfies SharpOptions

/**
 * Makes libvips use one thread per image, for processes that decode many images in parallel while the cores have other work.
 */
export const useOneThreadPerImage = (): void => {
  sharp.concurrency(1)
}

const turnstile = new Turnstile('libvips')

/**
 * Runs a task that reads an image file.
 *
 * libvips collects the errors of all its threads in one buffer per process. If two files fail at the same time, one may get
 * the other's reason, or none, in which case sharp reports success. Tasks therefore run in parallel, but one that fails runs
 * again while no other task is running in any thread of the process, and that result counts.
 *
 * @param task reads the file each time it is called. Its errors do not name the file. It must check that it got what it
 * asked for, and must not call `withImage` itself, which would deadlock.
 * @throws CodedError as in `imageError`; it names the file, and the reason belongs to that file.
 */
export async function withImage<T>(file: string, task: () => Promise<T>): Promise<T> {
  try {
    return await turnstile.together(task)
  } catch (error) {
    if (error instanceof CodedError || isOfFileSystem(error)) throw imageError(file, error)
  }
  try {
    return await turnstile.alone(task)
  } catch (error) {
    throw imageError(file, error)
  }
}
