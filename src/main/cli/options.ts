/** Values of command-line options. */
import { InvalidArgumentError } from 'commander'
import type { Tiling } from '../../core/detectors/shared/tiles.ts'

/** A whole number within limits. */
export const integer =
  (least: number, most = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const value = Number(text)
    if (/^\d+$/.test(text) && value >= least && value <= most) return value
    throw new InvalidArgumentError(
      most === Number.MAX_SAFE_INTEGER
        ? `Give a whole number of at least ${least}.`
        : `Give a whole number from ${least} to ${most}.`,
    )
  }

/** A share or a score. */
export function fraction(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && value >= 0 && value <= 1) return value
  throw new InvalidArgumentError('Give a number from 0 to 1.')
}

/** Collects name=score pairs. */
export function classScore(text: string, earlier: Record<string, number> = {}): Record<string, number> {
  const at = text.lastIndexOf('=')
  if (at < 1) throw new InvalidArgumentError('Give name=score, such as cell=0.4.')
  return { ...earlier, [text.slice(0, at)]: fraction(text.slice(at + 1)) }
}

export function tiling(text: string): Tiling {
  if (text === 'auto' || text === 'off') return text
  return integer(32)(text)
}

export function nonNegative(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && value >= 0 && Number.isFinite(value)) return value
  throw new InvalidArgumentError('Give a number of at least 0.')
}
