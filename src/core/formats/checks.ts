/** Checks shared by all readers: what a box, a class name, a score and a file name must be. */
import type { BoxXyxy } from '../geometry/box.ts'
import type { Attributes } from './dataset.ts'
import type { ProblemLog } from './problems.ts'

/** Largest coordinate believed, in px: beyond 2^31 no image has pixels and areas lose whole units. */
const LIMIT = 2 ** 31

/**
 * A box from two opposite corners in any order, in px. Swapped corners are mended; a box that is not finite,
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
  log.mend(where, `the box [${corners.join(', ')}] is inverted: corners swapped`)
  return [Math.min(x1, x2), Math.min(y1, y2), Math.max(x1, x2), Math.max(y1, y2)]
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u001f\u007f\ufffe\uffff]/

/**
 * A class name that every format can hold: one line, no control characters or lone surrogates, no space at
 * the ends. Undefined if nothing is left.
 */
export function cleanName(raw: string, where: string, log: ProblemLog): string | undefined {
  const name = raw
    .toWellFormed()
    .replace(new RegExp(CONTROL, 'g'), ' ')
    .replace(/\s{2,}|[^\S ]/g, ' ')
    .trim()
  if (name === '') {
    log.skip(where, 'the class has no name')
    return undefined
  }
  if (name !== raw) log.mend(where, `white space or control characters removed from class "${name}"`)
  return name
}

/** The score if it is a probability; anything else is left out with a note. */
export function checkScore(score: number, where: string, log: ProblemLog): number | undefined {
  if (score >= 0 && score <= 1) return score
  log.mend(where, `score ${score} is not in [0, 1]: left out`)
  return undefined
}

/** Attributes with plain values; nested ones are left out with a note, nulls in silence. */
export function checkAttributes(
  raw: Readonly<Record<string, unknown>>,
  where: string,
  log: ProblemLog,
): Attributes | undefined {
  const kept: [string, string | number | boolean][] = []
  for (const [key, value] of Object.entries(raw)) {
    if (typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)) {
      kept.push([key, value as string | number | boolean])
    } else if (value !== null) {
      log.mend(where, `attribute "${key}" has no plain value: left out`)
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

/** A pixel count that images have; anything else (0, negative, fractions) means unknown. */
export const isSide = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) > 0 && (value as number) < LIMIT
