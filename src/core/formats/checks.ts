/** Checks shared by all readers: what a box, a class name, a score and a file name must be. */
import type { BoxXyxy } from '../geometry/box.ts'
import type { Attributes } from './dataset.ts'
import { toNumber } from './lines.ts'
import type { ProblemLog } from './problems.ts'

/** Largest coordinate believed, in px: beyond 2^31 no image has pixels and areas lose whole units. */
const LIMIT = 2 ** 31

/**
 * A box from two opposite corners in any order, in px. Swapped corners are repaired; a box that is not finite,
 * is out of range or has no area is skipped. Boxes that leave the image are ordinary and stay as they came.
 */
export function checkBox(corners: BoxXyxy, where: string, log: ProblemLog): BoxXyxy | undefined {
  if (!corners.every(Number.isFinite)) {
    log.skip(where, 'the box is not four finite numbers')
    return undefined
  }
  if (corners.some((v) => Math.abs(v) > LIMIT)) {
    log.skip(where, `the box [${corners.join(', ')}] is out of range`)
    return undefined
  }
  const [x1, y1, x2, y2] = corners
  if (x1 === x2 || y1 === y2) {
    log.skip(where, `the box [${corners.join(', ')}] has no ${x1 === x2 ? 'width' : 'height'}`)
    return undefined
  }
  if (x1 < x2 && y1 < y2) return corners
  log.repair(where, `the box [${corners.join(', ')}] is inverted: corners swapped`)
  return [Math.min(x1, x2), Math.min(y1, y2), Math.max(x1, x2), Math.max(y1, y2)]
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u001f\u007f\ufffe\uffff]/

/** Characters without width that files carry along unseen: zero width space, word joiner, byte order mark. */
const INVISIBLE = /[\u200b\u2060\ufeff]/g

/**
 * A class name that every format can hold: one line, no control characters or lone surrogates, no space at
 * the ends. Undefined if nothing is left.
 */
export function cleanName(raw: string, where: string, log: ProblemLog): string | undefined {
  const name = raw
    .toWellFormed()
    .replace(INVISIBLE, '')
    .replace(/\p{Cc}|[\ufffe\uffff]/gu, ' ')
    .replace(/\s{2,}|[^\S ]/g, ' ')
    .trim()
  if (name === '') {
    log.skip(where, 'the class has no name')
    return undefined
  }
  if (name !== raw) log.repair(where, `white space or control characters removed from class "${name}"`)
  return name
}

/** A number, or one written as text; NaN for anything else. */
export const numberIn = (raw: unknown): number =>
  typeof raw === 'number' ? raw : typeof raw === 'string' ? toNumber(raw) : Number.NaN

/** A flag as tools write it: true, 1, "1", "true"; anything else that says something is left out with a note. */
export function checkFlag(raw: unknown, where: string, log: ProblemLog): boolean {
  if (raw === true || raw === 1 || raw === '1' || raw === 'true' || raw === 'True') return true
  const isUnset = raw === undefined || raw === null || raw === false || raw === 0 || raw === ''
  if (!isUnset && raw !== '0' && raw !== 'false' && raw !== 'False') {
    log.repair(where, `${JSON.stringify(raw)} is neither 0 nor 1: taken as 0`)
  }
  return false
}

/** True for what says something: not null, empty text, an empty list or object. */
export const saysSomething = (raw: unknown): boolean =>
  raw !== undefined && raw !== null && raw !== '' && (typeof raw !== 'object' || Object.keys(raw).length > 0)

/** The score if it is a probability; anything else is left out with a note. */
export function checkScore(score: number, where: string, log: ProblemLog): number | undefined {
  if (score >= 0 && score <= 1) return score
  log.repair(where, `score ${score} is not in [0, 1]: left out`)
  return undefined
}

/** Attributes with plain values; nested ones and lists are left out with a note, what says nothing in silence. */
export function checkAttributes(raw: unknown, where: string, log: ProblemLog): Attributes | undefined {
  if (!saysSomething(raw)) return undefined
  if (typeof raw !== 'object' || Array.isArray(raw)) {
    log.repair(where, 'the attributes are not named values: left out')
    return undefined
  }
  const kept: [string, string | number | boolean][] = []
  for (const [key, value] of Object.entries(raw!)) {
    if (typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)) {
      kept.push([key, value as string | number | boolean])
    } else if (value !== null) {
      log.repair(where, `attribute "${key}" has no plain value: left out`)
    }
  }
  return kept.length > 0 ? Object.fromEntries(kept) : undefined
}

/**
 * A path inside the image root with forward slashes, or undefined for one that is empty, absolute, leaves the
 * root with `..`, or holds control characters. Backslashes are separators: labels made on Windows have them.
 */
export function safeRelativePath(raw: string): string | undefined {
  if (raw.length > 1024 || CONTROL.test(raw) || !raw.isWellFormed()) return undefined
  const path = raw.replaceAll('\\', '/')
  if (path.startsWith('/') || /^[a-z]:/i.test(path)) return undefined
  const parts = path.split('/').filter((part) => part !== '' && part !== '.')
  return parts.length === 0 || parts.includes('..') ? undefined : parts.join('/')
}

/**
 * The path by which a file name in labels is looked for. One that leads elsewhere (absolute, with `..`, an address, the
 * local files of Label Studio) keeps the folders that may also be here; images are matched by the end of their path.
 * Undefined if it names no file.
 */
export function imageNameIn(raw: string): string | undefined {
  const local = /(?:^|\/)data\/local-files\/\?d=(.+)$/.exec(raw)?.[1]
  const place = /^(?:[a-z][\w+.-]*:\/\/[^/]*|[a-z]:)/i
  const parts = (local ?? raw).replaceAll('\\', '/').replace(place, '').split('/')
  return safeRelativePath(
    parts
      .slice(parts.lastIndexOf('..') + 1)
      .join('/')
      .replace(/^\/+/, ''),
  )
}

/** A pixel count that images have; anything else (0, negative, fractions) means unknown. */
export const isSide = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) > 0 && (value as number) < LIMIT
