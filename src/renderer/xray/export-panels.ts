/** Saves panels as one file: pictures and X-rays as they are drawn, boxes and words as shapes and text. */
import { segmentationRings } from '../../core/geometry/shape.ts'
import type { CanvasShape } from '../canvas/editing.ts'
import { toScreen, type View } from '../canvas/geometry/view.ts'
import { download, fileName, rasterised, serialised, wrapped } from '../ui/charts/export-chart.ts'
import { explainBox, explainImage } from './explanation.ts'
import type { XrayPanel } from './xray-panel.svelte.ts'

const SVG = 'http://www.w3.org/2000/svg'
const GAP = 16
const LINE = 16
/** Room for a panel's title. */
const HEAD = 24
/** Pixels of the pictures for each CSS pixel. */
const SCALE = 2
const MOST_COLUMNS = 2

type Attributes = Readonly<Record<string, string | number>>

function added(parent: Element, name: string, attributes: Attributes, text = ''): SVGElement {
  const element = parent.appendChild(document.createElementNS(SVG, name))
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value))
  if (text) element.textContent = text
  return element
}

/**
 * @param image the path of the image, which names the file
 * @param explained the object that each panel explains; null for none
 */
export async function exportPanels(
  image: string,
  panels: readonly XrayPanel[],
  explained: number | null,
  format: 'svg' | 'png',
): Promise<void> {
  const root = drawn(image, panels, explained)
  const file = serialised(root)
  const name = `${fileName(image.replace(/\.[^./]+$/, ''))}-detectors.${format}`
  download(format === 'svg' ? file : await rasterised(file, root), name)
}

function drawn(image: string, panels: readonly XrayPanel[], explained: number | null): SVGSVGElement {
  const theme = getComputedStyle(document.documentElement)
  const colour = (name: string): string => theme.getPropertyValue(`--${name}`).trim()
  const words = { 'font-family': 'Inter, system-ui, sans-serif', 'font-size': 12, fill: colour('text') }
  const root = document.createElementNS(SVG, 'svg')
  const title = added(root, 'title', {}, `${image}: ${panels.map((panel) => panel.title).join(', ')}`)
  const ground = added(root, 'rect', { width: '100%', height: '100%', fill: colour('panel') })
  let [right, y] = [0, GAP]
  for (let first = 0; first < panels.length; first += MOST_COLUMNS) {
    let x = GAP
    let bottom = y
    for (const panel of panels.slice(first, first + MOST_COLUMNS)) {
      const { canvas, targets } = panel
      if (!canvas || !targets) continue
      const { size, view, picture, shapes } = canvas.snapshot(SCALE)
      const { width, height } = size
      added(
        root,
        'text',
        { ...words, x, y: y + 13, 'font-weight': 600 },
        [panel.title, panel.view.title, panel.note].filter((part) => part !== undefined).join(' · '),
      )
      // A panel of its own coordinates, beyond which nothing is drawn.
      const inner = added(root, 'svg', { x, y: y + HEAD, width, height, viewBox: `0 0 ${width} ${height}` })
      added(inner, 'rect', { width, height, fill: colour('canvas') })
      added(inner, 'image', { width, height, href: picture.toDataURL() })
      for (const shape of shapes) drawShape(inner, shape, view)
      const gt = explained === null ? undefined : targets.boxes.findIndex(({ id }) => id === explained)
      const lines = [
        explainImage(targets),
        ...(gt === undefined || gt < 0 ? [] : [explainBox(targets, gt, panel.nameOf)]),
      ].flatMap((text) => wrapped(text, width))
      for (const [i, text] of lines.entries())
        added(
          root,
          'text',
          { ...words, x, y: y + HEAD + height + LINE * (i + 1), fill: colour('text-quiet') },
          text,
        )
      bottom = Math.max(bottom, y + HEAD + height + LINE * lines.length)
      x += width + GAP
    }
    right = Math.max(right, x)
    y = bottom + GAP
  }
  for (const [key, value] of Object.entries({ width: right, height: y, viewBox: `0 0 ${right} ${y}` }))
    root.setAttribute(key, String(value))
  root.prepend(title, ground)
  return root
}

/** As on the canvas: a model's guesses dashed, crowds dotted. */
function drawShape(
  parent: Element,
  { box, segmentation, colour, proposed, crowd, label }: CanvasShape,
  view: View,
) {
  const dashes = proposed ? { 'stroke-dasharray': '8 4' } : crowd ? { 'stroke-dasharray': '3 2' } : {}
  const look = { fill: 'none', stroke: colour, 'stroke-width': 2, ...dashes }
  const at = (x: number, y: number) => toScreen(view, { x, y })
  const [start, end] = [at(box[0], box[1]), at(box[2], box[3])]
  const shape = segmentation
    ? added(parent, 'path', {
        ...look,
        d: segmentationRings(segmentation)
          .map((ring) => pathOf(ring, at))
          .join(' '),
      })
    : added(parent, 'rect', {
        ...look,
        ...{ x: start.x, y: start.y, width: end.x - start.x, height: end.y - start.y },
      })
  added(shape, 'title', {}, label)
}

function pathOf(
  ring: ArrayLike<number>,
  at: (x: number, y: number) => { readonly x: number; readonly y: number },
): string {
  const points = Array.from({ length: ring.length / 2 }, (_, i) => at(ring[2 * i]!, ring[2 * i + 1]!))
  return `M${points.map(({ x, y }) => `${x.toFixed(1)} ${y.toFixed(1)}`).join('L')}Z`
}
