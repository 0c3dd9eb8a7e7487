/**
 * Exports that a browser downloads: they are written to a folder of the cache, packed into one zip there, and deleted when the
 * next one begins or the studio ends.
 */
import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { ZipFile } from 'yazl'
import type { Download } from '../../../core/contract/studio/exports.ts'
import { CodedError } from '../../../core/errors.ts'
import { writeError } from '../../files/replace-file.ts'
import type { AssetResponse } from '../assets/responses.ts'
import type { JobContext } from '../jobs.ts'

/** Files that are already compressed. */
const DENSE = new Set(['.jpg', '.jpeg', '.png', '.webp', '.avif', '.gif', '.zip'])
export const DOWNLOAD_PREFIX = '/asset/download/'

interface Place {
  readonly folder: string
  readonly name: string
  /** Set once the zip is complete. */
  zip?: string
}

export class Downloads {
  readonly #root: string
  readonly #places = new Map<string, Place>()

  constructor(cacheFolder: string) {
    this.#root = join(cacheFolder, 'downloads')
  }

  /** Where to export to. @param name of the file or folder that is to be downloaded. Throws IO_WRITE. */
  async begin(name: string): Promise<{ id: string; out: string }> {
    await this.clear()
    const id = randomUUID()
    const folder = join(this.#root, id)
    try {
      await mkdir(folder, { recursive: true })
    } catch (error) {
      throw writeError(folder, error)
    }
    this.#places.set(id, { folder, name: basename(name) })
    return { id, out: join(folder, basename(name)) }
  }

  /** Packs what was exported. Throws USAGE_DOWNLOAD, IO_WRITE, IO_DISK_FULL; the signal's reason. */
  async pack(id: string, { signal, report }: JobContext): Promise<Download> {
    const place = this.#places.get(id)
    if (!place) throw new CodedError('USAGE_DOWNLOAD', 'There is no such download', 'Export again')
    const from = join(place.folder, place.name)
    const files = (await stat(from)).isDirectory()
      ? await filesBelow(from)
      : [{ path: from, name: place.name }]
    const zip = join(place.folder, `${place.name}.zip`)
    const packed = new ZipFile()
    // A file that vanishes or cannot be read ends the zip, which must not look whole.
    packed.on('error', (error) => packed.outputStream.emit('error', error))
    for (const { path, name } of files)
      packed.addFile(path, name, { compress: !DENSE.has(extname(name).toLowerCase()) })
    packed.end()
    report(null, `packing ${files.length} files`)
    try {
      await pipeline(packed.outputStream, createWriteStream(zip, { flush: true }), { signal })
    } catch (error) {
      await rm(zip, { force: true })
      signal.throwIfAborted()
      throw writeError(zip, error)
    }
    await rm(from, { recursive: true, force: true })
    place.zip = zip
    const { size: bytes } = await stat(zip)
    return { name: basename(zip), bytes, files: files.length, url: `${DOWNLOAD_PREFIX}${id}` }
  }

  /** Answers GET of a download's url. */
  respond(path: string): AssetResponse {
    const place = this.#places.get(path.slice(DOWNLOAD_PREFIX.length))
    if (!place?.zip) {
      return {
        status: 404,
        type: 'text/plain',
        body: Buffer.from('There is no such download any more. Export again.\n'),
      }
    }
    const name = basename(place.zip)
    const plain = name.replace(/[^\x20-\x7e]|["\\]/g, '_')
    return {
      ...{ status: 200, type: 'application/zip', body: { file: place.zip } },
      headers: {
        'cache-control': 'no-store',
        'content-disposition': `attachment; filename="${plain}"; filename*=UTF-8''${encodeURIComponent(name)}`,
      },
    }
  }

  /** Deletes all downloads, including those of an earlier start. */
  async clear(): Promise<void> {
    this.#places.clear()
    await rm(this.#root, { recursive: true, force: true })
  }
}

async function filesBelow(folder: string): Promise<{ path: string; name: string }[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ path, name: path.slice(folder.length + 1).replaceAll('\\', '/') }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}
