/** libvips (through sharp) reads and writes all pictures but BMP files. Whatever uses it goes through `withImage`. */
import sharp, { type SharpOptions } from 'sharp'
import { CodedError } from '../../core/errors.ts'
import { imageError, isOfFileSystem } from './errors.ts'
import { Turnstile } from './turnstile.ts'

// A cached file would stay open, and one that was replaced would be seen as it was.
sharp.cache(false)

/** Undecodable and missing pixels are errors; what viewers accept is accepted. Sizes are for the caller to limit. */
export const LENIENT = { failOn: 'error', limitInputPixels: false } as const satisfies SharpOptions

/** Makes libvips use one thread per image, where many images are decoded side by side and the cores have other work. */
export const useOneThreadPerImage = (): void => {
  sharp.concurrency(1)
}

const turnstile = new Turnstile('libvips')

/**
 * Runs a task that reads an image file.
 *
 * libvips collects the errors of all its threads in one buffer per process. Of two files that fail at the same time, one
 * may get the other's reason, or none at all, and then sharp reports success. Tasks therefore run side by side, but one
 * that fails runs once more while no other task does, in any thread of the process, and that answer counts.
 *
 * @param task reads the file as often as it is called. Its errors do not name the file. It must check that it got what it
 * asked for, and must not call `withImage` itself, which would wait for itself.
 * @throws CodedError as `imageError` says; it names the file, and the reason is the file's own.
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
