/** Numbers as people read them. */

export { count, countOf } from '../../core/words.ts'

/** "2 min 10 s", "1 h 5 min", "8 s". */
export function duration(seconds: number): string {
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
}

/** "84%" of a share in [0, 1]. */
export const percent = (share: number, digits = 0): string => `${(share * 100).toFixed(digits)}%`
