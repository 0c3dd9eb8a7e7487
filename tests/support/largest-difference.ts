import { expect } from 'vitest'

/** The largest absolute difference between two lists of one length. */
export function largestDifference(ours: ArrayLike<number>, theirs: ArrayLike<number>): number {
  expect(ours.length).toBe(theirs.length)
  let largest = 0
  for (let i = 0; i < ours.length; i++) {
    const difference = Math.abs(ours[i]! - theirs[i]!)
    // NaN must not pass.
    if (!(difference <= largest)) largest = difference
  }
  return largest
}
