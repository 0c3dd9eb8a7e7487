/**
 * A project: a folder with one SQLite file beside or above the user's images.
 *
 *   const project = await openProject(folder)
 *   project.images, .classes, .annotations   what it holds; every change is a step
 *   project.history                          undo, redo, gestures, and word of every step
 *   project.find('class:car count:>3')       ids of images
 *
 * Another program that has it open makes this one a reader: `project.readOnly` says why, and changes throw it.
 * See scan.ts for finding images, import.ts and export.ts for data sets.
 */
import { type BigIntStats, existsSync, lstatSync, statSync } from 'node:fs'
import { mkdir, realpath, stat } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { CodedError } from '../../../core/errors.ts'
import { safeRelativePath } from '../../../core/formats/checks.ts'
import { toSlashes } from '../datasets/files.ts'
import { Annotations } from './annotations.ts'
import { Classes } from './classes.ts'
import { type Database, openDatabase } from './database.ts'
import { History } from './history.ts'
import { Images } from './images.ts'
import { acquireLock, type HeldLock, type Holder, type Lock } from './lock.ts'
import { isEmpty, migrate, olderFormat, openMigratedCopy } from './migrations.ts'
import { findImages } from './search.ts'

/** The name of the file in a project's folder. */
export const PROJECT_FILE = 'project.fcos'

const PROGRAM = 'FCOS Studio'

export interface OpenProjectOptions {
  /** The name that others see if they open the project meanwhile. */
  readonly program?: string
  /** Open for reading only, so that another program can be the writer. */
  readonly readOnly?: boolean
}

export class Project {
  readonly database: Database
  readonly history: History
  readonly images: Images
  readonly classes: Classes
  readonly annotations: Annotations
  /** Why the project cannot be changed here; undefined if it can. */
  readonly readOnly: CodedError | undefined
  /** The program that had the project last and did not close it. */
  readonly killed: Holder | undefined
  readonly #lock: HeldLock | undefined
  /** The project's file, whatever it is called. */
  readonly #file: FileIdentity | undefined
  #closed = false

  constructor(database: Database, refusal: CodedError | undefined, lock?: HeldLock) {
    this.database = database
    this.readOnly = refusal
    this.killed = lock?.killed
    this.#lock = lock
    this.#file = identityOf(database.path)
    this.history = new History(database, refusal)
    this.images = new Images(database, this.history)
    this.classes = new Classes(database, this.history)
    this.annotations = new Annotations(database, this.history)
  }

  /** The project's file. */
  get path(): string {
    return this.database.path
  }

  /** Whether a path, however spelt or linked, names this project's file or its folder. */
  isAt(given: string): boolean {
    const file = [given, join(given, PROJECT_FILE)].map(identityOf)
    return this.#file !== undefined && file.some((one) => isSame(one, this.#file))
  }

  /** Why nothing may be written any more: the file is no longer where it was opened. */
  get gone(): CodedError | undefined {
    if (this.#file === undefined || isSame(identityOf(this.path), this.#file)) return undefined
    const name = basename(dirname(this.path))
    return new CodedError(
      'IO_PROJECT_MOVED',
      `${this.path} was renamed, moved or deleted while it was open`,
      `Every change so far is in ${PROJECT_FILE}, wherever it is now: open ${name} there. Nothing more is saved until then`,
    )
  }

  /** Absolute path of the folder that the images' paths are relative to. */
  get imageRoot(): string {
    const stored = this.database.get<{ value: string }>(`SELECT value FROM setting WHERE key = 'image-root'`)!
    return resolve(dirname(this.path), stored.value)
  }

  /** Sets where the images are now; the next scan finds them again. */
  set imageRoot(folder: string) {
    if (this.readOnly) throw this.readOnly
    writeImageRoot(this.database, folder)
  }

  /**
   * Absolute path of an image's file. A project may come from anywhere: one whose paths lead out of the image folder is
   * not followed. Throws USAGE_IMAGE, DATA_FILE_NAME.
   */
  fileOf(imageId: number): string {
    const image = this.images.get(imageId)
    if (image === undefined) throw new CodedError('USAGE_IMAGE', `There is no image ${imageId}`)
    if (safeRelativePath(image.path) !== image.path) {
      throw new CodedError(
        'DATA_FILE_NAME',
        `${JSON.stringify(image.path)} is not a path inside the image folder`,
      )
    }
    return join(this.imageRoot, image.path)
  }

  /** Ids of the images that a query (core/query) finds, in the order of their names. Throws USAGE_QUERY. */
  find(query: string): number[] {
    return findImages(this.database, query)
  }

  /**
   * Ends an open gesture and releases the project. All changes are saved already. Closing twice has no further
   * effect.
   */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    try {
      this.history.close()
    } finally {
      this.database.close()
      this.#lock?.release()
    }
  }
}

/**
 * Makes a project in a folder, which is made if need be. `imageRoot` is the folder of the images, by default the same.
 * Throws DATA_EXISTS if it has a project, IO_PROJECT or IO_DISK_FULL if none can be written there.
 */
export async function createProject(
  folder: string,
  { imageRoot = folder, program = PROGRAM }: { readonly imageRoot?: string; readonly program?: string } = {},
): Promise<Project> {
  const path = join(resolve(folder), PROJECT_FILE)
  try {
    await mkdir(dirname(path), { recursive: true })
  } catch (cause) {
    const reason = (cause as Error).message
    throw new CodedError('IO_PROJECT', `${folder} cannot be created: ${reason}`, undefined, { cause })
  }
  const lock = acquireLock(lockPath(path), program)
  if (!lock.held) throw taken(path, lock.holder)
  return openToWrite(path, lock, (database) => {
    if (!isEmpty(database)) throw alreadyThere(path)
    database.transaction(() => {
      migrate(database)
      writeImageRoot(database, imageRoot)
    })
  })
}

/**
 * Opens a project, given as its folder or its file.
 *
 * Throws DATA_NOT_FOUND, DATA_PROJECT_FORMAT (another kind of file), DATA_PROJECT_NEWER (of a newer program),
 * DATA_PROJECT_OLDER (of an older one that can neither be written nor copied), DATA_PROJECT_DAMAGED, IO_PROJECT.
 */
export async function openProject(
  given: string,
  { program = PROGRAM, readOnly = false }: OpenProjectOptions = {},
): Promise<Project> {
  const stats = await stat(given).catch(() => undefined)
  const named = resolve(stats?.isDirectory() ? join(given, PROJECT_FILE) : given)
  // If the path is a link, the lock and other companion files lie beside the file that it leads to.
  const path = lstatSync(named, { throwIfNoEntry: false })?.isSymbolicLink()
    ? await realpath(named).catch(() => named)
    : named
  if (!existsSync(path)) throw new CodedError('DATA_NOT_FOUND', `There is no project at ${given}`)
  if (readOnly) return openToRead(path, chosen(path))
  let lock: Lock
  try {
    lock = acquireLock(lockPath(path), program)
  } catch (error) {
    // The project may still be readable; opening its file shows whether it is.
    if (error instanceof CodedError) return openToRead(path, unwritable(path, error))
    throw error
  }
  if (!lock.held) return openToRead(path, taken(path, lock.holder))
  try {
    return openToWrite(path, lock, settle)
  } catch (error) {
    if (error instanceof CodedError && error.code === 'IO_PROJECT_READ_ONLY') return openToRead(path, error)
    throw error
  }
}

function openToWrite(path: string, lock: HeldLock, prepare: (database: Database) => void): Project {
  let database: Database | undefined
  try {
    database = openDatabase(path)
    prepare(database)
    return new Project(database, undefined, lock)
  } catch (error) {
    database?.close()
    lock.release()
    throw error
  }
}

function openToRead(path: string, refusal: CodedError): Project {
  let database: Database
  try {
    database = openDatabase(path, { readOnly: true })
  } catch (error) {
    // SQLite cannot create the index of its log in a folder that cannot be written. If the log is empty, the file
    // is complete and nobody changes it.
    if (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size) throw error
    database = openDatabase(path, { readOnly: true, immutable: true })
  }
  const older = olderFormat(database)
  if (older !== undefined) return new Project(openMigratedCopy(database), ofOlderFormat(refusal, older))
  try {
    settle(database)
    return new Project(database, refusal)
  } catch (error) {
    database.close()
    throw error
  }
}

function settle(database: Database): void {
  if (isEmpty(database)) {
    throw new CodedError('DATA_PROJECT_FORMAT', `${database.path} is empty`, 'Make a new project there')
  }
  migrate(database)
}

/** Kept relative to the project's file, so that both can move together. */
function writeImageRoot(database: Database, folder: string): void {
  const path = relative(dirname(database.path), resolve(folder))
  database.run(
    `INSERT INTO setting VALUES ('image-root', ?) ON CONFLICT DO UPDATE SET value = excluded.value`,
    isAbsolute(path) ? path : toSlashes(path) || '.',
  )
}

type FileIdentity = Pick<BigIntStats, 'dev' | 'ino'>

/** Undefined where there is no file. */
function identityOf(path: string): FileIdentity | undefined {
  try {
    const stats = statSync(path, { bigint: true })
    return stats.isFile() ? stats : undefined
  } catch {
    return undefined
  }
}

const isSame = (a: FileIdentity | undefined, b: FileIdentity | undefined): boolean =>
  a?.dev === b?.dev && a?.ino === b?.ino

export const alreadyThere = (path: string): CodedError =>
  new CodedError('DATA_EXISTS', `${path} exists`, 'Open it, or choose another folder')

const lockPath = (path: string): string => `${path}-lock`

const chosen = (path: string): CodedError =>
  new CodedError('IO_PROJECT_READ_ONLY', `${basename(path)} was opened read-only`)

function unwritable(path: string, cause: CodedError): CodedError {
  if (cause.code === 'IO_DISK_FULL') return cause
  return new CodedError(
    'IO_PROJECT_READ_ONLY',
    `${dirname(path)} is not writable, so the project is read-only`,
    'Check the permissions of the folder',
    { cause },
  )
}

/** Changes that another program makes to the file meanwhile do not appear in the copy. */
function ofOlderFormat({ code, message, remedy, cause }: CodedError, version: number): CodedError {
  const copy = `shown from a temporary copy, because its file has the older format ${version}`
  return new CodedError(code, `${message}; it is ${copy}`, remedy, { cause })
}

function taken(path: string, holder: Holder | undefined): CodedError {
  const who = holder
    ? `${holder.program} (process ${holder.pid} on ${holder.host}, since ${holder.since})`
    : 'another program'
  return new CodedError(
    'IO_PROJECT_LOCKED',
    `${path} is open in ${who}`,
    'Close it there to make changes here',
  )
}
