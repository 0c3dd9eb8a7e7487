/** Takes the sampling noise out of a rendered picture, where the samples say that it is noise. */

/** Radius of the square neighbourhood, pixels. */
const REACH = 2
/** Neighbours that differ by this many standard deviations count for 1/e. */
const TOLERANCE = 1.3

/**
 * A bilateral filter whose range is each pixel's own uncertainty: calm pixels pass unchanged, speckled penumbrae and
 * blur are averaged with neighbours that could be the same light.
 *
 * @param image linear RGB [height · width · 3]
 * @param variance of each pixel's mean luminance [height · width]
 */
export function denoise(
  image: Float32Array,
  variance: Float32Array,
  width: number,
  height: number,
): Float32Array {
  const smooth = new Float32Array(image.length)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const here = y * width + x
      let [r, g, b, total] = [0, 0, 0, 0]
      for (let v = Math.max(0, y - REACH); v <= Math.min(height - 1, y + REACH); v++) {
        for (let u = Math.max(0, x - REACH); u <= Math.min(width - 1, x + REACH); u++) {
          const there = v * width + u
          const spread = TOLERANCE * TOLERANCE * (variance[here] + variance[there]) + 1e-9
          const dr = image[3 * here] - image[3 * there]
          const dg = image[3 * here + 1] - image[3 * there + 1]
          const db = image[3 * here + 2] - image[3 * there + 2]
          const weight = Math.exp(-(dr * dr + dg * dg + db * db) / (3 * spread))
          r += weight * image[3 * there]
          g += weight * image[3 * there + 1]
          b += weight * image[3 * there + 2]
          total += weight
        }
      }
      smooth[3 * here] = r / total
      smooth[3 * here + 1] = g / total
      smooth[3 * here + 2] = b / total
    }
  }
  return smooth
}
