/**
 * Seals record the state of a file when it was checked. Before later use, its size and time are compared, and its hash if
 * those have changed, so that truncated or overwritten libraries and weights are never used.
 */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { SealedFile } from '../../core/contract/runtime.ts'
import { replaceFileSync } from '../files/replace-file.ts'
import { sha256OfFile } from './wheel.ts'

/** The file in a folder of the cache with the seals of all other files, by relative path. */
const SEALS = '.seals.json'

export async function sealOf(file: string): Promise<SealedFile> {
  const { size: bytes, mtimeMs } = statSync(file)
  return { path: file, bytes, mtimeMs, sha256: await sha256OfFile(file) }
}

/** The seal of the file as it is now, or why it is not the sealed one. */
export async function checkSeal(
  seal: SealedFile,
): Promise<SealedFile | 'is missing' | 'has changed since setup'> {
  const stats = statSync(seal.path, { throwIfNoEntry: false })
  if (!stats?.isFile()) return 'is missing'
  if (stats.size === seal.bytes && stats.mtimeMs === seal.mtimeMs) return seal
  if (stats.size !== seal.bytes) return 'has changed since setup'
  const now = await sealOf(seal.path)
  return now.sha256 === seal.sha256 ? now : 'has changed since setup'
}

/** Seals all files of a folder that was just created, or whose files have just been seen to work. */
export async function sealFolder(folder: string): Promise<void> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== SEALS)
    .map((entry) => path.join(entry.parentPath, entry.name))
  const seals: SealedFile[] = []
  for (const file of files) seals.push({ ...(await sealOf(file)), path: path.relative(folder, file) })
  writeFileSync(path.join(folder, SEALS), JSON.stringify(seals), { flush: true })
}

/** The seals of a folder, with absolute paths; undefined if it has none. */
export function folderSeals(folder: string): SealedFile[] | undefined {
  try {
    const seals = z.array(SealedFile).parse(JSON.parse(readFileSync(path.join(folder, SEALS), 'utf8')))
    return seals.map((seal) => ({ ...seal, path: path.join(folder, seal.path) }))
  } catch {
    return undefined
  }
}

/**
 * What is wrong with a folder of the cache that must contain the given files: "… is missing", or undefined. A folder without
 * seals counts as complete; it is sealed once its files have been seen to work.
 */
export async function damageOf(folder: string, needed: readonly string[]): Promise<string | undefined> {
  const missing = needed.find((file) => !existsSync(file))
  if (missing !== undefined) return `${missing} is missing`
  for (const seal of folderSeals(folder) ?? []) {
    const found = await checkSeal(seal)
    if (typeof found === 'string') return `${seal.path} ${found}`
  }
  return undefined
}

/** Whether a file has the given hash, which is only computed if the file has changed since it was last checked. */
export async function hasHash(file: string, sha256: string): Promise<boolean> {
  const record = `${file}.seal`
  const known = readSeal(record)
  const found = known?.sha256 === sha256 ? await checkSeal({ ...known, path: file }) : await sealOf(file)
  if (typeof found === 'string' || found.sha256 !== sha256) return false
  try {
    if (found.mtimeMs !== known?.mtimeMs) replaceFileSync(record, JSON.stringify(found))
  } catch {
    // The hash is computed again next time.
  }
  return true
}

function readSeal(record: string): SealedFile | undefined {
  try {
    return SealedFile.parse(JSON.parse(readFileSync(record, 'utf8')))
  } catch {
    return undefined
  }
}
