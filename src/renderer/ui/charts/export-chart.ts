/** Exports charts as self-contained files, which keep their look whatever the window's theme. */
import { widthOf } from './axis.ts'
import type { LegendEntry } from './legend.ts'

export interface Caption {
  readonly title: string
  readonly subtitle?: string | undefined
  readonly legend?: readonly LegendEntry[] | undefined
}

const SVG = 'http://www.w3.org/2000/svg'
const PADDING = 16
const PNG_SCALE = 2

/** What marks get from style sheets, all of it valid as attributes. */
const LOOKS = [
  ...[
    'fill',
    'fill-opacity',
    'stroke',
    'stroke-width',
    'stroke-opacity',
    'stroke-dasharray',
    'stroke-linejoin',
  ],
  ...['opacity', 'font-family', 'font-size', 'font-weight', 'text-anchor', 'dominant-baseline'],
  ...['shape-rendering', 'visibility'],
]

/**
 * Saves a chart's svg, and a canvas that lies under it, as a download. Marks with data-transient (hover, focus) stay out.
 * The PNG has two pixels for each of the screen's CSS pixels.
 */
export async function exportChart(
  svg: SVGSVGElement,
  format: 'svg' | 'png',
  caption: Caption,
): Promise<void> {
  const standalone = standaloneSvg(svg, caption)
  const file = serialised(standalone)
  download(
    format === 'svg' ? file : await rasterised(file, standalone),
    `${fileName(caption.title)}.${format}`,
  )
}

export function serialised(svg: SVGSVGElement): Blob {
  const text = `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(svg)}\n`
  return new Blob([text], { type: 'image/svg+xml' })
}

/** Offers a file to save under a name. */
export function download(file: Blob, name: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(file)
  link.download = name
  link.click()
  // The browser reads the file after the click has been handled.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}

export const fileName = (title: string): string =>
  title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-|-$/g, '') || 'chart'

function standaloneSvg(svg: SVGSVGElement, { title, subtitle, legend = [] }: Caption): SVGSVGElement {
  const { clientWidth: width, clientHeight: height } = svg
  const theme = getComputedStyle(svg)
  const root = document.createElementNS(SVG, 'svg')
  const add = (name: string, attributes: Record<string, string | number>, text = ''): SVGElement => {
    const element = root.appendChild(document.createElementNS(SVG, name))
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value))
    element.textContent = text
    return element
  }
  const background = add('rect', {
    width: '100%',
    height: '100%',
    fill: theme.getPropertyValue('--panel').trim(),
  })
  const words = { 'font-family': theme.fontFamily, fill: theme.getPropertyValue('--text').trim() }
  const quiet = { ...words, fill: theme.getPropertyValue('--text-quiet').trim(), 'font-size': 11 }
  let y = PADDING + 12
  add('text', { ...words, x: PADDING, y, 'font-size': 13, 'font-weight': 600 }, title)
  for (const line of subtitle ? wrapped(subtitle, width) : [])
    add('text', { ...quiet, x: PADDING, y: (y += 16) }, line)
  if (legend.length > 0) {
    y += 18
    let x = PADDING
    for (const { name, colour } of legend) {
      add('rect', { x, y: y - 8, width: 10, height: 8, rx: 2, fill: resolved(svg.parentElement!, colour) })
      add('text', { ...quiet, x: x + 15, y }, name)
      x += 15 + widthOf([name]) + 16
    }
  }
  y += 12
  const inner = svg.cloneNode(true) as SVGSVGElement
  inlineLooks(svg, inner)
  for (const transient of inner.querySelectorAll('[data-transient]')) transient.remove()
  for (const [key, value] of Object.entries({ x: PADDING, y, width, height }))
    inner.setAttribute(key, String(value))
  const canvas = svg.parentElement?.querySelector('canvas')
  if (canvas) {
    const { offsetLeft: x, offsetTop: top, clientWidth, clientHeight } = canvas
    const href = canvas.toDataURL()
    add('image', { x: PADDING + x, y: y + top, width: clientWidth, height: clientHeight, href })
  }
  root.append(inner)
  const size = { width: width + 2 * PADDING, height: y + height + PADDING }
  for (const [key, value] of Object.entries(size)) root.setAttribute(key, String(value))
  root.setAttribute('viewBox', `0 0 ${size.width} ${size.height}`)
  root.insertBefore(document.createElementNS(SVG, 'title'), background).textContent = title
  return root
}

/** Gives every element of the copy, as attributes, the look that its original has here. */
function inlineLooks(original: Element, copy: Element): void {
  const looks = getComputedStyle(original)
  for (const look of LOOKS) {
    const value = looks.getPropertyValue(look)
    if (value !== '' && value !== 'normal') copy.setAttribute(look, value)
  }
  for (const name of copy.getAttributeNames()) {
    if (/^(class|tabindex|data-|aria-|role|style)/.test(name) && name !== 'data-transient')
      copy.removeAttribute(name)
  }
  for (let i = 0; i < copy.children.length; i++) inlineLooks(original.children[i]!, copy.children[i]!)
}

/** A colour as it is inside an element, without names of the theme. */
export function resolved(inside: Element, colour: string): string {
  const probe = document.createElement('i')
  inside.append(probe)
  probe.style.color = colour
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}

/** Text in lines no wider than `width`, in CSS pixels of charts' labels. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = ['']
  for (const word of text.split(/\s+/)) {
    const longer = `${lines.at(-1)} ${word}`.trim()
    if (widthOf([longer]) <= width) lines[lines.length - 1] = longer
    else lines.push(word)
  }
  return lines
}

/** With two pixels for each of the drawing's. */
export async function rasterised(svg: Blob, size: SVGSVGElement): Promise<Blob> {
  const url = URL.createObjectURL(svg)
  try {
    const image = new Image()
    image.src = url
    await image.decode()
    const canvas = document.createElement('canvas')
    canvas.width = Number(size.getAttribute('width')) * PNG_SCALE
    canvas.height = Number(size.getAttribute('height')) * PNG_SCALE
    canvas.getContext('2d')!.drawImage(image, 0, 0, canvas.width, canvas.height)
    return await new Promise((resolve, reject) =>
      canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('The picture is too large')))),
    )
  } finally {
    URL.revokeObjectURL(url)
  }
}
