/** Lines of points and the place in them that is being read. */

export interface Series {
  readonly name: string
  /** Left out: one of the theme. */
  readonly colour?: string
  /** By ascending x. A y that is not finite is a gap. */
  readonly points: readonly { readonly x: number; readonly y: number }[]
  readonly axis?: 'left' | 'right'
  readonly dashed?: boolean
}

/** Indices of a series and of one of its points. */
export interface LinePlace {
  readonly series: number
  readonly point: number
}

type Point = Series['points'][number]

/** The place of least distance, by any measure; null without points. */
export function nearestPlace(
  series: readonly Series[],
  distance: (series: Series, point: Point) => number,
): LinePlace | null {
  let best: LinePlace | null = null
  let least = Number.POSITIVE_INFINITY
  for (const [i, one] of series.entries()) {
    for (const [j, point] of one.points.entries()) {
      const far = distance(one, point)
      if (!(far < least)) continue
      least = far
      best = { series: i, point: j }
    }
  }
  return best
}

/** The point of nearest x, if that is within reach. */
export function pointNear(points: Series['points'], x: number, reach: number): Point | undefined {
  let [low, high] = [0, points.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (points[middle]!.x < x) low = middle + 1
    else high = middle
  }
  const [before, after] = [points[low - 1], points[low]]
  const near = !after || (before && x - before.x < after.x - x) ? before : after
  return near && Math.abs(near.x - x) <= reach ? near : undefined
}

/** Where a key leads: left and right along the line, up and down to the others. Undefined for other keys. */
export function stepPlace(
  series: readonly Series[],
  from: LinePlace | null,
  key: string,
): LinePlace | undefined {
  const start = from ?? { series: series.findIndex(({ points }) => points.length > 0), point: -1 }
  const here = series[start.series]
  if (!here) return undefined
  const last = here.points.length - 1
  switch (key) {
    case 'ArrowRight':
      return { ...start, point: Math.min(start.point + 1, last) }
    case 'ArrowLeft':
      return { ...start, point: Math.max(start.point - 1, 0) }
    case 'Home':
      return { ...start, point: 0 }
    case 'End':
      return { ...start, point: last }
    case 'ArrowUp':
    case 'ArrowDown': {
      const others = series.flatMap(({ points }, i) => (points.length > 0 ? [i] : []))
      const next = others.indexOf(start.series) + (key === 'ArrowUp' ? -1 : 1)
      const to = others[(next + others.length) % others.length]!
      const x = here.points[Math.max(start.point, 0)]!.x
      const found = nearestPlace([series[to]!], (_, point) => Math.abs(point.x - x))
      return { series: to, point: found!.point }
    }
    default:
      return undefined
  }
}
