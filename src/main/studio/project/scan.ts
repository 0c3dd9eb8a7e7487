/**
 * Brings the list of images up to date with the image folder. Files whose size and time are as before are not read
 * again. A file that was moved or renamed is known by its bytes and keeps its labels, also where two files exchanged
 * their names. Labels of files that are gone stay.
 *
 * What a scan finds out is no step of the history: files do not come and go by undoing.
 */
import { join } from 'node:path'
import { CodedError } from '../../../core/errors.ts'
import { safeRelativePath } from '../../../core/formats/checks.ts'
import { baseName } from '../../../core/formats/paths.ts'
import { naturalKey } from '../../../core/project/natural-order.ts'
import { type Probe, probeFile } from '../../images/probe.ts'
import { kindOf, mapConcurrent } from '../datasets/files.ts'
import type { Database } from './database.ts'
import { nameKey } from './name-key.ts'
import type { Project } from './project.ts'
import { type FoundFile, isUnreadable, type Unreadable, walk } from './walk.ts'

export interface ScanReport {
  /** Number of image files seen, including those of removed images. */
  readonly found: number
  readonly added: number
  /** Files that were read again because their bytes have changed. */
  readonly changed: number
  /** Files that were recognised by their bytes at another path. */
  readonly moved: number
  /** Images of the project whose file is missing. */
  readonly missing: number
  /** Files of images that the user has removed from the project: left out. */
  readonly removed: number
  /** Files that are no images, damaged, or cannot be read; `has:error` finds them. */
  readonly broken: number
  /** Folders that could not be looked into; their images stay as they were. */
  readonly unreadable: readonly Unreadable[]
}

export interface ScanOptions {
  readonly signal?: AbortSignal
  /** Called with the counts so far, about every 256 files; the images counted can be listed already. */
  readonly onProgress?: (report: ScanReport) => void
}

/** Number of files that are read in parallel and saved in one transaction. */
const BATCH = 256

export const MISSING = 'the file is gone'

interface KnownFile {
  readonly id: number
  readonly path: string
  readonly bytes: number | null
  readonly modified: number | null
  readonly changed: number | null
  /** Upper-case hexadecimal; empty if it is unknown. */
  readonly hash: string
  readonly error: string | null
}

interface RemovedFile {
  readonly id: number
  readonly path: string
  readonly hash: string
}

interface ReadFile extends FoundFile, Probe {}

async function read(root: string, file: FoundFile): Promise<ReadFile> {
  const { path } = file
  if (safeRelativePath(path) === path && !path.includes('\ufffd')) {
    return { ...file, ...(await probeFile(join(root, path))) }
  }
  const error = 'its name contains characters that label files cannot contain'
  return { ...file, hash: null, width: 0, height: 0, error }
}

/** The latest scan of each project. Two scans at a time would both add the same file. */
const lastScans = new WeakMap<Database, Promise<unknown>>()

/**
 * Begins when earlier scans of the project have ended. Throws DATA_IMAGES_MISSING, and changes nothing, where the image
 * folder is not there or empty, and the signal's reason when it is aborted; what was found until then stays.
 */
export function scanImages(project: Project, options: ScanOptions = {}): Promise<ScanReport> {
  const before = lastScans.get(project.database) ?? Promise.resolve()
  const scan = before.then(() => scanOnce(project, options))
  lastScans.set(
    project.database,
    scan.catch(() => {}),
  )
  return scan
}

async function scanOnce(project: Project, { signal, onProgress }: ScanOptions): Promise<ScanReport> {
  if (project.readOnly) throw project.readOnly
  const root = project.imageRoot
  const scan = new Scan(project.database)
  let waiting: FoundFile[] = []
  const readWaiting = async (): Promise<void> => {
    const files = await mapConcurrent(waiting, (file) => read(root, file))
    waiting = []
    scan.save(files)
    onProgress?.(scan.report())
  }
  if ((await kindOf(root)) !== 'folder') throw rootMissing(root)
  for await (const entry of walk(root)) {
    signal?.throwIfAborted()
    if (isUnreadable(entry)) scan.unreadable(entry)
    else if (scan.needsReading(entry)) waiting.push(entry)
    if (waiting.length >= BATCH) await readWaiting()
  }
  await readWaiting()
  if ((await kindOf(root)) !== 'folder' || scan.sawNothing()) throw rootMissing(root)
  scan.finish()
  onProgress?.(scan.report())
  return scan.report()
}

const rootMissing = (root: string): CodedError =>
  new CodedError(
    'DATA_IMAGES_MISSING',
    `There are no images in ${root}`,
    'All labels are kept. Connect the drive, or locate the images',
  )

class Scan {
  readonly #database: Database
  /** Rows not yet seen in place, by path. */
  readonly #unseen: Map<string, KnownFile>
  readonly #known: number
  /** Rows whose file has not moved or changed, or was read in this scan. */
  readonly #settled = new Set<number>()
  /** Removed images whose files were not seen yet, by path. */
  readonly #removed: Map<string, RemovedFile>
  readonly #removedPaths: ReadonlySet<string>
  /**
   * Files that may belong to rows that were not found yet. This is decided at the end, when all files have been seen.
   */
  readonly #undecided: ReadFile[] = []
  /** For rows of a project of an older format, when their files were last changed. */
  readonly #dated: [id: number, changed: number][] = []
  readonly #unreadable: Unreadable[] = []
  readonly #counts = { found: 0, added: 0, changed: 0, moved: 0, missing: 0, removed: 0 }

  constructor(database: Database) {
    this.#database = database
    const rows = database.all<KnownFile>(
      'SELECT id, path, bytes, modified, changed, hex(hash) AS hash, error FROM image',
    )
    this.#known = rows.length
    this.#unseen = new Map(rows.map((row) => [row.path, row]))
    const removed = database.all<RemovedFile>('SELECT id, path, hex(hash) AS hash FROM removed')
    this.#removed = new Map(removed.map((row) => [row.path, row]))
    this.#removedPaths = new Set(this.#removed.keys())
  }

  report(): ScanReport {
    const { broken } = this.#database.get<{ broken: number }>(
      'SELECT count(*) AS broken FROM image WHERE error IS NOT NULL AND error <> ?',
      MISSING,
    )!
    return { ...this.#counts, broken, unreadable: this.#unreadable }
  }

  unreadable(entry: Unreadable): void {
    this.#unreadable.push(entry)
  }

  /** The folder of a drive that is not connected is often there, but empty. */
  sawNothing(): boolean {
    const refused = this.#unreadable.some(({ path }) => path === '')
    return this.#counts.found === 0 && (this.#known > 0 || refused)
  }

  needsReading({ path, bytes, modified, changed }: FoundFile): boolean {
    this.#counts.found++
    if (this.#removedPaths.has(path)) {
      this.#counts.removed++
      this.#removed.delete(path)
      return false
    }
    const known = this.#unseen.get(path)
    const isSame =
      known?.bytes === bytes &&
      known.modified === modified &&
      known.error !== MISSING &&
      (known.changed ?? changed) === changed
    if (isSame) {
      if (known.changed === null) this.#dated.push([known.id, changed])
      this.#settle(known)
    }
    return !isSame
  }

  save(files: readonly ReadFile[]): void {
    this.#database.transaction(() => {
      for (const file of files) {
        const known = this.#unseen.get(file.path)
        if (known === undefined) {
          if (this.#mayHaveMoved(file)) this.#undecided.push(file)
          else this.#add(file)
        } else if (known.bytes === null || known.hash === hex(file.hash) || file.hash === null) {
          this.#update(known, file)
        } else this.#undecided.push(file)
      }
    })
  }

  /** Decides which files are rows that moved, which were edited in place, and which are new; the rest is missing. */
  finish(): void {
    this.#database.transaction(() => {
      for (const [id, changed] of this.#dated)
        this.#database.run('UPDATE image SET changed = ? WHERE id = ?', changed, id)
      const free = Map.groupBy(this.#unseen.values(), ({ hash }) => hash)
      const moves: [row: KnownFile, file: ReadFile][] = []
      const others: ReadFile[] = []
      for (const file of this.#undecided) {
        const row = file.bytes > 0 ? take(free.get(hex(file.hash)), baseName(file.path)) : undefined
        if (row) moves.push([row, file])
        else others.push(file)
      }
      // All rows leave their paths first, because another row may take one of them.
      for (const [row] of moves) {
        this.#unseen.delete(row.path)
        this.#database.run(`UPDATE image SET path = char(0) || id WHERE id = ?`, row.id)
      }
      for (const file of others) {
        const edited = this.#unseen.get(file.path)
        if (edited) {
          this.#counts.changed++
          this.#update(edited, file)
        } else if (!this.#removedMoved(file)) this.#add(file)
      }
      for (const [row, file] of moves) {
        const replaced = this.#unseen.get(file.path)
        if (replaced) this.#giveWay(replaced)
        this.#counts.moved++
        this.#update(row, file)
      }
      for (const row of this.#unseen.values()) {
        if (this.#unreadable.some(({ path }) => row.path === path || row.path.startsWith(`${path}/`)))
          continue
        this.#counts.missing++
        this.#database.run('UPDATE image SET error = ? WHERE id = ?', MISSING, row.id)
      }
    })
  }

  /** A row with these bytes that was not seen in its place, and may not be there any more. */
  #mayHaveMoved({ hash, bytes }: ReadFile): boolean {
    if (hash === null || bytes === 0) return false
    for (const removed of this.#removed.values()) if (removed.hash === hex(hash)) return true
    return this.#database
      .all<{ id: number }>('SELECT id FROM image WHERE hash = ?', hash)
      .some(({ id }) => !this.#settled.has(id))
  }

  /**
   * Another image's file is at this row's path. The row keeps its labels under another name until its own file is
   * found.
   */
  #giveWay(row: KnownFile): void {
    const isTaken = (path: string) =>
      this.#database.get('SELECT 1 FROM image WHERE path = ?', path) !== undefined
    let path = `${row.path} (replaced)`
    for (let number = 2; isTaken(path); number++) path = `${row.path} (replaced ${number})`
    this.#database.run(
      'UPDATE image SET path = ?, name_key = ?, sort_key = ? WHERE id = ?',
      ...[path, nameKey(path), naturalKey(path), row.id],
    )
  }

  /** Whether a file is that of a removed image, which has been moved or renamed. */
  #removedMoved({ path, hash, bytes }: ReadFile): boolean {
    const rows = [...this.#removed.values()].filter((row) => bytes > 0 && row.hash === hex(hash))
    const row = rows.find((one) => baseName(one.path) === baseName(path)) ?? rows[0]
    if (row === undefined) return false
    this.#removed.delete(row.path)
    this.#counts.removed++
    this.#database.run(
      'UPDATE removed SET path = ?, name_key = ?, sort_key = ? WHERE id = ?',
      ...[path, nameKey(path), naturalKey(path), row.id],
    )
    return true
  }

  #settle(row: KnownFile): void {
    this.#unseen.delete(row.path)
    this.#settled.add(row.id)
  }

  #add({ path, bytes, modified, changed, hash, width, height, error }: ReadFile): void {
    this.#counts.added++
    const { lastId } = this.#database.run(
      `INSERT INTO image (path, name_key, sort_key, bytes, modified, changed, hash, width, height, error)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[path, nameKey(path), naturalKey(path), bytes, modified, changed, hash, width, height, error],
    )
    this.#settled.add(lastId)
  }

  #update(row: KnownFile, { path, bytes, modified, changed, hash, width, height, error }: ReadFile): void {
    this.#settle(row)
    // A file that cannot be read at the moment keeps the hash and size by which it is recognised.
    this.#database.run(
      `UPDATE image SET path = ?, name_key = ?, sort_key = ?, bytes = ?, modified = ?, changed = ?,
         hash = coalesce(?, hash), width = iif(?8 > 0, ?8, width), height = iif(?9 > 0, ?9, height), error = ?10
       WHERE id = ?11`,
      ...[
        path,
        nameKey(path),
        naturalKey(path),
        bytes,
        modified,
        changed,
        hash,
        width,
        height,
        error,
        row.id,
      ],
    )
  }
}

/** Of several rows with the same bytes, that of the same file name first. */
function take(rows: KnownFile[] | undefined, name: string): KnownFile | undefined {
  if (rows === undefined || rows.length === 0) return undefined
  const same = rows.findIndex(({ path }) => baseName(path) === name)
  return rows.splice(Math.max(0, same), 1)[0]
}

const hex = (hash: Buffer | null): string => hash?.toString('hex').toUpperCase() ?? ''
