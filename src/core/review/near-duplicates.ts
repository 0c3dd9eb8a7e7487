/** Finds images that show nearly the same, by small grey pictures of them. */

/** Side of the grey picture, px. */
export const GREY_SIDE = 16
const PIXELS = GREY_SIDE * GREY_SIDE
/** Of the coarse picture that is compared first: one bit each. */
const BLOCKS = 8

export interface Fingerprint {
  /** [GREY_SIDE²] grey values without their mean, scaled to length 1; all 0 for a picture of one colour. */
  readonly direction: Float32Array
  /** Grey values, 0 to 255. */
  readonly mean: number
  /** 64 bits: which of 8 × 8 blocks are brighter than the mean. */
  readonly bits: readonly [number, number]
}

/** Correlation from which two pictures are near-duplicates: frames of a video, other sizes or compressions of a photo. */
const ALIKE = 0.97
/** Maximum difference of the mean grey values; a larger one means another exposure. */
const SAME_LIGHT = 16
/** The same, for pictures of one colour, which have nothing else to compare. */
const SAME_GREY = 1
/** Maximum number of bits in which the coarse pictures of near-duplicates differ. */
const MOST_BITS = 12

/** @param grey [GREY_SIDE²] row by row */
export function fingerprintOf(grey: Uint8Array): Fingerprint {
  const mean = grey.reduce((sum, value) => sum + value, 0) / PIXELS
  const centred = Float32Array.from(grey, (value) => value - mean)
  const norm = Math.hypot(...centred)
  // A standard deviation below 1 is only noise.
  const flat = norm < Math.sqrt(PIXELS)
  const direction = centred.map((value) => (flat ? 0 : value / norm))
  const bits: [number, number] = [0, 0]
  const step = GREY_SIDE / BLOCKS
  for (let block = 0; block < BLOCKS * BLOCKS; block++) {
    const at = Math.floor(block / BLOCKS) * step * GREY_SIDE + (block % BLOCKS) * step
    const sum = centred[at]! + centred[at + 1]! + centred[at + GREY_SIDE]! + centred[at + GREY_SIDE + 1]!
    if (sum > 0) bits[block >> 5]! |= 1 << (block & 31)
  }
  return { direction, mean, bits }
}

const isFlat = ({ direction }: Fingerprint): boolean => direction.every((value) => value === 0)

export function isNearDuplicate(a: Fingerprint, b: Fingerprint): boolean {
  const difference = Math.abs(a.mean - b.mean)
  if (difference > SAME_LIGHT) return false
  if (isFlat(a) || isFlat(b)) return isFlat(a) && isFlat(b) && difference <= SAME_GREY
  if (ones(a.bits[0] ^ b.bits[0]) + ones(a.bits[1] ^ b.bits[1]) > MOST_BITS) return false
  let dot = 0
  for (let i = 0; i < PIXELS; i++) dot += a.direction[i]! * b.direction[i]!
  return dot >= ALIKE
}

/**
 * Groups of at least two items, each alike to some other of its group; in the order of their first items. Compares all
 * pairs, the cheap part of it first.
 *
 * @param giveWay called between rows; throws to stop
 */
export async function nearDuplicates(
  items: readonly Fingerprint[],
  giveWay: () => Promise<void> | undefined = () => undefined,
): Promise<number[][]> {
  const leader = items.map((_, i) => i)
  const find = (i: number): number => {
    let root = i
    while (leader[root] !== root) root = leader[root]!
    leader[i] = root
    return root
  }
  for (const [i, item] of items.entries()) {
    for (let j = 0; j < i; j++) {
      if (isNearDuplicate(item, items[j]!)) leader[Math.max(find(i), find(j))] = Math.min(find(i), find(j))
    }
    await giveWay()
  }
  const groups = Map.groupBy(items.keys(), find)
  return [...groups.values()].filter(({ length }) => length > 1)
}

/** Bits set in 32 (Hacker's Delight, figure 5-2). */
function ones(bits: number): number {
  let x = bits - ((bits >>> 1) & 0x55555555)
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333)
  x = (x + (x >>> 4)) & 0x0f0f0f0f
  return Math.imul(x, 0x01010101) >>> 24
}
