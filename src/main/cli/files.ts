import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { replaceFile, writeError } from '../files/replace-file.ts'

/** Writes a file that the user named, and creates its folder. Throws IO_DISK_FULL, IO_WRITE. */
export async function writeOutput(path: string, content: Uint8Array | string): Promise<void> {
  await mkdir(dirname(path), { recursive: true }).catch((error) => {
    throw writeError(path, error)
  })
  await replaceFile(path, content)
}
