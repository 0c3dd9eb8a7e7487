/** Example pictures with detections: small JPEGs inside the report, with boxes drawn over them as vectors. */
import path from 'node:path'
import type { EngineData } from '../../../../core/contract/engine.ts'
import { keyOf } from '../../../images/image-file.ts'
import { examine } from '../../../images/picture.ts'
import { readReduced } from '../../../images/screen-image.ts'
import { type Html, html } from './html.ts'
import type { Mark, Scene } from './measure.ts'

/** Number of examples. Half are the images with most mistakes, the others are taken evenly from the rest. */
const SHOWN = 12
/** Of the JPEG, px: more than is shown, for dense screens. */
const LONG_SIDE = 480
/** Size of the area that a picture is fitted into on the page, CSS px. */
const SHOWN_SIZE = { width: 330, height: 248 }

/** Images that can no longer be read are left out. */
export async function examples(
  { images, categories }: EngineData,
  scenes: readonly Scene[],
): Promise<Html[]> {
  const names = new Map(categories.map(({ id, name }) => [id, name]))
  const figures: Html[] = []
  for (const index of chosen(scenes)) {
    const { path: file, width, height } = images[index]!
    const jpeg = await small(file)
    if (jpeg === null) continue
    const { marks } = scenes[index]!
    const scale = Math.max(width / SHOWN_SIZE.width, height / SHOWN_SIZE.height)
    const figure = html`<figure class="card">
<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${path.basename(file)}: ${inWords(marks)}">
<image width="${width}" height="${height}" preserveAspectRatio="none" href="data:image/jpeg;base64,${jpeg.toString('base64')}"/>
${marks.map((mark) => drawn(mark, names.get(mark.classId) ?? '', scale))}
</svg>
<figcaption>${path.basename(file)} · ${inWords(marks)}</figcaption>
</figure>`
    figures.push(figure)
  }
  return figures
}

/** Indices of images: those with most mistakes first. */
export function chosen(scenes: readonly Scene[]): number[] {
  const byMistakes = Array.from(scenes.keys()).sort(
    (a, b) => scenes[b]!.mistakes - scenes[a]!.mistakes || a - b,
  )
  const worst = byMistakes.filter((index) => scenes[index]!.mistakes > 0).slice(0, SHOWN / 2)
  const rest = Array.from(scenes.keys()).filter((index) => !worst.includes(index))
  const room = Math.min(SHOWN - worst.length, rest.length)
  return [...worst, ...Array.from({ length: room }, (_, i) => rest[Math.floor((i * rest.length) / room)]!)]
}

async function small(file: string): Promise<Buffer | null> {
  try {
    return await readReduced(await examine(file, await keyOf(file)), LONG_SIDE)
  } catch {
    return null
  }
}

/** @param scale image pixels per pixel of the page: letters keep their size */
function drawn({ kind, box: [x1, y1, x2, y2], score }: Mark, name: string, scale: number): Html {
  const label = score === null ? `${name}, not found` : `${name} ${score.toFixed(2)}`
  const at = y1 > 14 * scale ? y1 - 4 * scale : y2 + 12 * scale
  return html`<g class="mark ${kind}"><title>${kind}: ${label}</title><rect x="${round(x1)}" y="${round(y1)}" width="${round(x2 - x1)}" height="${round(y2 - y1)}"/><text x="${round(x1)}" y="${round(at)}" font-size="${(11 * scale).toFixed(2)}" stroke-width="${(3 * scale).toFixed(2)}">${label}</text></g>`
}

const round = (value: number): number => Math.round(value * 10) / 10

function inWords(marks: readonly Mark[]): string {
  const of = (kind: Mark['kind']): number => marks.filter((mark) => mark.kind === kind).length
  return `${of('right')} right, ${of('wrong')} wrong, ${of('missed')} not found`
}
