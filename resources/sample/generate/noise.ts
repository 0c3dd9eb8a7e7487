/** Smooth noise from an integer hash: a function of place and seed alone, so that textures need no state. */

/** A well mixed 32-bit hash of three integers. */
export function hash(x: number, y: number, z: number): number {
  let h = Math.imul(x, 0x27d4eb2d) ^ Math.imul(y, 0x165667b1) ^ Math.imul(z, 0x9e3779b1)
  h = Math.imul(h ^ (h >>> 15), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** The hash as a float, uniform in [0, 1). */
export const unit = (x: number, y: number, z: number): number => hash(x, y, z) / 4294967296

/** Value noise in [-1, 1] with one lattice point per unit. */
export function noise2(x: number, y: number, seed: number): number {
  const ix = Math.floor(x)
  const iy = Math.floor(y)
  const fx = x - ix
  const fy = y - iy
  const u = fx * fx * (3 - 2 * fx)
  const v = fy * fy * (3 - 2 * fy)
  const a = unit(ix, iy, seed)
  const b = unit(ix + 1, iy, seed)
  const c = unit(ix, iy + 1, seed)
  const d = unit(ix + 1, iy + 1, seed)
  return 2 * (a + (b - a) * u + (c - a + (a - b - c + d) * u) * v) - 1
}

/** Value noise in [-1, 1] in three dimensions. */
export function noise3(x: number, y: number, z: number, seed: number): number {
  const iz = Math.floor(z)
  const fz = z - iz
  const low = noise2(x, y, seed + iz * 7919)
  const high = noise2(x, y, seed + (iz + 1) * 7919)
  return low + (high - low) * fz * fz * (3 - 2 * fz)
}

/** Octaves of noise2, each of twice the frequency and half the height, in about [-1, 1]. */
export function fbm2(x: number, y: number, octaves: number, seed: number): number {
  let sum = 0
  let height = 0.5
  for (let octave = 0; octave < octaves; octave++) {
    sum += height * noise2(x, y, seed + octave)
    // An irrational shift and a turn between octaves hide the lattice.
    const turned = 1.6 * x - 1.2 * y + 3.7
    y = 1.2 * x + 1.6 * y + 8.3
    x = turned
    height /= 2
  }
  return sum
}

/** Octaves of noise3, in about [-1, 1]. */
export function fbm3(x: number, y: number, z: number, octaves: number, seed: number): number {
  let sum = 0
  let height = 0.5
  for (let octave = 0; octave < octaves; octave++) {
    sum += height * noise3(x, y, z, seed + octave)
    x = 2.03 * x + 5.1
    y = 2.03 * y + 1.7
    z = 2.03 * z + 9.2
    height /= 2
  }
  return sum
}
