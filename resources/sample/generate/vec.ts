/** Three-vectors: positions in centimetres (y up, the table top at y = 0), unit directions and linear RGB. */
export type Vec3 = readonly [number, number, number]

export const add = (a: Vec3, b: Vec3): Vec3 => [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
export const sub = (a: Vec3, b: Vec3): Vec3 => [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
export const mul = (a: Vec3, b: Vec3): Vec3 => [a[0] * b[0], a[1] * b[1], a[2] * b[2]]
export const scale = (a: Vec3, k: number): Vec3 => [a[0] * k, a[1] * k, a[2] * k]
/** a + k·b: the point at distance k along b from a. */
export const along = (a: Vec3, b: Vec3, k: number): Vec3 => [
  a[0] + b[0] * k,
  a[1] + b[1] * k,
  a[2] + b[2] * k,
]
export const dot = (a: Vec3, b: Vec3): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
export const cross = (a: Vec3, b: Vec3): Vec3 => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
]
export const normalize = (a: Vec3): Vec3 => scale(a, 1 / Math.sqrt(dot(a, a)))
export const mix = (a: Vec3, b: Vec3, t: number): Vec3 => [
  a[0] + (b[0] - a[0]) * t,
  a[1] + (b[1] - a[1]) * t,
  a[2] + (b[2] - a[2]) * t,
]
export const luminance = (c: Vec3): number => 0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2]

/** Mirrors a direction at a surface with unit normal n. */
export const reflect = (d: Vec3, n: Vec3): Vec3 => along(d, n, -2 * dot(d, n))

/** Snell's law for unit d and a unit normal n that faces it; eta = n1 / n2. Mirrors on total internal reflection. */
export function refract(d: Vec3, n: Vec3, eta: number): Vec3 {
  const cos = -dot(d, n)
  const k = 1 - eta * eta * (1 - cos * cos)
  if (k < 0) return reflect(d, n)
  return add(scale(d, eta), scale(n, eta * cos - Math.sqrt(k)))
}

/** Two unit vectors that complete n to an orthonormal frame (Duff et al. 2017). */
export function tangents([x, y, z]: Vec3): readonly [Vec3, Vec3] {
  const sign = z < 0 ? -1 : 1
  const a = -1 / (sign + z)
  const b = x * y * a
  return [
    [1 + sign * x * x * a, sign * b, -sign * x],
    [b, sign + y * y * a, -y],
  ]
}

export const clamp = (x: number, low: number, high: number): number => Math.min(Math.max(x, low), high)
export function smoothstep(low: number, high: number, x: number): number {
  const t = clamp((x - low) / (high - low), 0, 1)
  return t * t * (3 - 2 * t)
}
