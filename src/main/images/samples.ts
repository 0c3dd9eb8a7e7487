/** Pixels of more than 8 bits: their values, the range of the values, and the part of it that a screen shows. */
import type { Sharp } from 'sharp'
import type { Size } from '../../core/geometry/box.ts'
import type { Picture } from './picture.ts'

export interface Samples extends Size {
  readonly channels: number
  /** [height, width, channels] */
  readonly data: Uint16Array | Float32Array
}

/** Sample values that are shown as black and white; values beyond are clipped. */
export interface Window {
  readonly low: number
  readonly high: number
}

export interface ValueRange extends Window {
  readonly min: number
  readonly max: number
}

type Deep = Pick<Picture, 'depth' | 'channels'>

const SPACES = { 8: ['b-w', 'srgb'], 16: ['grey16', 'rgb16'], float: ['b-w', 'scrgb'] } as const

/** Makes a pipeline return the file's own values, in one channel or three, without alpha. */
export const toSamples = (image: Sharp, { depth, channels }: Deep): Sharp =>
  image.removeAlpha().toColourspace(SPACES[depth][channels < 3 ? 0 : 1])

export async function readSamples(image: Sharp, deep: Deep): Promise<Samples> {
  const { data, info } = await toSamples(image, deep)
    .raw({ depth: deep.depth === 16 ? 'ushort' : 'float' })
    .toBuffer({ resolveWithObject: true })
  const Values = deep.depth === 16 ? Uint16Array : Float32Array
  const isAligned = data.byteOffset % Values.BYTES_PER_ELEMENT === 0
  const bytes = isAligned ? data : new Uint8Array(data)
  const values = new Values(bytes.buffer, bytes.byteOffset, bytes.length / Values.BYTES_PER_ELEMENT)
  return { width: info.width, height: info.height, channels: info.channels, data: values }
}

/** The suggested window excludes the lowest and the highest 0.5 % of the values. */
const OUTSIDE = 0.005

/** If there are more floats than this, only a regular sample of them is sorted for the percentiles. */
const SORTED_FLOATS = 2 ** 20

/** For all channels together, ignoring NaN and infinities. */
export function rangeOf({ data }: Samples): ValueRange {
  const range = data instanceof Float32Array ? rangeOfFloats(data) : rangeOfIntegers(data)
  if (range.low < range.high) return range
  // Nearly all values are equal, but a window needs a width.
  const { min, max } = range
  return min < max ? { min, max, low: min, high: max } : { min, max, low: min, high: min + 1 }
}

function rangeOfIntegers(data: Uint16Array): ValueRange {
  const counts = new Uint32Array(65_536)
  for (let i = 0; i < data.length; i++) counts[data[i]!]!++
  const last = data.length - 1
  const at = (rank: number): number => {
    let before = 0
    return counts.findIndex((count) => (before += count) > rank)
  }
  return {
    ...{ min: at(0), max: at(last) },
    ...{ low: at(Math.round(OUTSIDE * last)), high: at(Math.round((1 - OUTSIDE) * last)) },
  }
}

function rangeOfFloats(data: Float32Array): ValueRange {
  let [min, max] = [Infinity, -Infinity]
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!
    if (value < min && value > -Infinity) min = value
    if (value > max && value < Infinity) max = value
  }
  if (min > max) return { min: 0, max: 0, low: 0, high: 0 }
  const step = Math.ceil(data.length / SORTED_FLOATS)
  const some = step === 1 ? data : data.filter((_, i) => i % step === 0)
  const sorted = some.filter(Number.isFinite).sort()
  const at = (part: number): number => sorted[Math.round(part * (sorted.length - 1))] ?? min
  return { min, max, low: at(OUTSIDE), high: at(1 - OUTSIDE) }
}

/** The samples in 8 bits, as a screen shows them. Minus infinity and NaN are black. */
export function applyWindow({ data }: Samples, { low, high }: Window): Uint8ClampedArray {
  const scale = 255 / (high - low)
  const shown = new Uint8ClampedArray(data.length)
  if (data instanceof Float32Array) {
    for (let i = 0; i < data.length; i++) shown[i] = (data[i]! - low) * scale
    return shown
  }
  const table = Uint8ClampedArray.from({ length: 65_536 }, (_, value) => (value - low) * scale)
  for (let i = 0; i < data.length; i++) shown[i] = table[data[i]!]!
  return shown
}
