/** Axes of charts: from values to pixels, and the marks that are written along them. */
import { scaleLinear, scaleLog } from 'd3-scale'

export interface Axis {
  /** With its unit: "Input size, px". */
  readonly label: string
  readonly scale?: 'linear' | 'log'
  /** Ends that the axis has at least; without them it holds the values and little more. */
  readonly from?: number
  readonly to?: number
  /** Where marks are written; left out: at round values. */
  readonly ticks?: readonly number[]
  /** Marks at whole values alone: for counts. */
  readonly whole?: boolean
  /** A value of it, for marks and readouts. */
  readonly format?: (value: number) => string
}

/** From values to pixels and back. */
export interface Scale {
  (value: number): number
  invert(pixel: number): number
  ticks(count: number): number[]
}

export interface Tick {
  /** Pixels along the axis. */
  readonly at: number
  readonly label: string
}

/** The room of the marks inside a chart, in pixels. */
export interface PlotArea {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

/** range: pixels of the axis's low and high end. Values that are not finite are passed over. */
export function scaleOf(axis: Axis, values: Iterable<number>, range: readonly [number, number]): Scale {
  let [low, high] = [axis.from ?? Number.POSITIVE_INFINITY, axis.to ?? Number.NEGATIVE_INFINITY]
  for (const value of values) {
    if (!Number.isFinite(value) || (axis.scale === 'log' && value <= 0)) continue
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  if (!(low <= high)) [low, high] = axis.scale === 'log' ? [1, 10] : [0, 1]
  if (low === high)
    [low, high] = axis.scale === 'log' ? [low / 2, high * 2] : [low, low + (Math.abs(low) || 1)]
  const scale = (axis.scale === 'log' ? scaleLog : scaleLinear)([low, high], range)
  // Ends that were asked for stay; others become round.
  const isFixed = axis.from !== undefined && axis.to !== undefined
  return isFixed || axis.scale === 'log' ? scale : scale.nice(5)
}

const plain = (value: number): string => String(Number(value.toPrecision(6)))

export const formatOf = (axis: Axis): ((value: number) => string) => axis.format ?? plain

/** About `count` of them, none nearer to the one before than `room` pixels. */
export function ticksOf(axis: Axis, scale: Scale, count: number, room = 0): Tick[] {
  const format = formatOf(axis)
  const ticks: Tick[] = []
  for (const value of axis.ticks ?? scale.ticks(count)) {
    if (axis.whole && !Number.isInteger(value)) continue
    const at = scale(value)
    const before = ticks.at(-1)
    if (before === undefined || Math.abs(at - before.at) >= room) ticks.push({ at, label: format(value) })
  }
  return ticks
}

/** Pixels that the longest of the texts takes; the same font everywhere: figures, 11 px. */
export const widthOf = (texts: readonly string[], sizePx = 11, weight = 400): number =>
  Math.ceil(Math.max(0, ...texts.map((text) => textWidth(text, sizePx, weight))))

let pen: CanvasRenderingContext2D | null | undefined

function textWidth(text: string, sizePx: number, weight: number): number {
  pen ??= document.createElement('canvas').getContext('2d')
  if (!pen) return text.length * sizePx * 0.6
  pen.font = `${weight} ${sizePx}px ${getComputedStyle(document.documentElement).getPropertyValue('--font')}`
  return pen.measureText(text).width
}

/** Cut to a width, with an ellipsis. */
export function fitText(text: string, room: number): string {
  if (widthOf([text]) <= room) return text
  let end = text.length
  while (end > 1 && widthOf([`${text.slice(0, end)}…`]) > room) end--
  return `${text.slice(0, end)}…`
}
