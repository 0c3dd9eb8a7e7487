/** Line charts as SVG, drawn without a browser. Colours are classes of the report's style sheet. */
import { type Html, html } from './html.ts'

export interface Line {
  readonly name: string
  /** By ascending x; a y that is no number is a gap. */
  readonly points: readonly { readonly x: number; readonly y: number | null }[]
}

export interface LineChart {
  readonly title: string
  /** Titles of the axes, with units. */
  readonly x: string
  readonly y: string
  readonly lines: readonly Line[]
  /** Values that the axes must include. */
  readonly xRange?: readonly [number, number]
  readonly yRange?: readonly [number, number]
}

const [WIDTH, HEIGHT] = [480, 240]
const [LEFT, RIGHT, TOP, BOTTOM] = [56, 12, 10, 36]
/** Number of colours in the style sheet. */
const COLOURS = 6
/** Maximum number of points of a line, about one per pixel. Longer lines are averaged. */
const MOST_POINTS = 400

export function lineChart({ title, x, y, lines, xRange, yRange }: LineChart): Html {
  const shown = lines.map((line) => ({ ...line, points: thinned(line.points) }))
  const all = shown.flatMap(({ points }) => points)
  const xs = ticks(
    extent(
      all.map((point) => point.x),
      xRange,
    ),
    6,
  )
  const ys = ticks(
    extent(
      all.flatMap((point) => point.y ?? []),
      yRange,
    ),
    5,
  )
  const place = (value: number, of: readonly number[], from: number, to: number): number =>
    round(from + ((value - of[0]!) / (of.at(-1)! - of[0]!)) * (to - from))
  const across = (value: number): number => place(value, xs, LEFT, WIDTH - RIGHT)
  const up = (value: number): number => place(value, ys, HEIGHT - BOTTOM, TOP)
  return html`<figure class="card">
<h3>${title}</h3>
${lines.length > 1 ? html`<ul class="legend">${lines.map(({ name }, i) => html`<li><i class="series-${(i % COLOURS) + 1}"></i>${name}</li>`)}</ul>` : null}
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${summary(title, lines)}">
${ys.map((value) => html`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${up(value)}" y2="${up(value)}"/><text class="tick" x="${LEFT - 6}" y="${up(value) + 4}" text-anchor="end">${plain(value)}</text>`)}
${xs.map((value) => html`<text class="tick" x="${across(value)}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle">${plain(value)}</text>`)}
<text class="tick" x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 4}" text-anchor="middle">${x}</text>
<text class="tick" transform="translate(12 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" text-anchor="middle">${y}</text>
${shown.map(({ points }, i) => html`<path class="line series-${(i % COLOURS) + 1}" d="${pathOf(points, across, up)}"/>${points.length === 1 ? html`<circle class="dot series-${(i % COLOURS) + 1}" r="3" cx="${across(points[0]!.x)}" cy="${up(points[0]!.y ?? 0)}"/>` : null}`)}
</svg>
</figure>`
}

type Points = Line['points']

const summary = (title: string, lines: readonly Line[]): string =>
  `${title}: ${lines.map(({ name, points }) => `${name} ends at ${plain(points.at(-1)?.y ?? 0)}`).join(', ')}`

function pathOf(points: Points, across: (x: number) => number, up: (y: number) => number): string {
  let pen = 'M'
  return points
    .map((point) => {
      if (point.y === null) {
        pen = 'M'
        return ''
      }
      const step = `${pen}${across(point.x)} ${up(point.y)}`
      pen = 'L'
      return step
    })
    .join('')
}

/** Averages neighbouring points, so that the line of a long run has no more points than can be seen. */
export function thinned(points: Points): Points {
  const size = Math.ceil(points.length / MOST_POINTS)
  if (size <= 1) return points
  const groups = Array.from({ length: Math.ceil(points.length / size) }, (_, i) =>
    points.slice(i * size, (i + 1) * size),
  )
  return groups.map((group) => {
    const known = group.flatMap(({ y }) => y ?? [])
    const mean = known.reduce((sum, y) => sum + y, 0) / known.length
    return { x: group.at(-1)!.x, y: known.length === 0 ? null : mean }
  })
}

function extent(values: readonly number[], range: readonly [number, number] | undefined): [number, number] {
  let [low, high] = range ?? [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const value of values) {
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  if (!(low <= high)) return [0, 1]
  return low === high ? [low, low + (Math.abs(low) || 1)] : [low, high]
}

/** About `count` round values whose first and last enclose the extent. */
export function ticks([low, high]: readonly [number, number], count: number): number[] {
  const rough = (high - low) / count
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough * (1 - 1e-9))!
  const first = Math.floor(low / step + 1e-9)
  const last = Math.ceil(high / step - 1e-9)
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)))
}

const plain = (value: number): string => String(Number(value.toPrecision(4)))
const round = (value: number): number => Math.round(value * 100) / 100
