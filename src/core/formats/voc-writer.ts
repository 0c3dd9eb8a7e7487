import type { Annotation, DatasetImage } from './dataset.ts'
import { baseName, stemOf } from './paths.ts'
import { enlist, type Lists, labelFiles, type Writer } from './writer.ts'

/** `Annotations/NAME.xml` for every image, empty ones too, and `ImageSets/Main/LIST.txt`. Images belong in `JPEGImages`. */
export const writeVoc: Writer = function* (dataset, _, log) {
  const lists: Lists = new Map()
  const names = new Map(dataset.categories.map(({ id, name }) => [id, name]))
  for (const [image, stem] of labelFiles(dataset, log)) {
    yield { path: `Annotations/${stem}.xml`, text: toVoc(image, names) }
    enlist(image, lists)
  }
  for (const [split, files] of lists) {
    yield { path: `ImageSets/Main/${split}.txt`, text: files.map((file) => `${stemOf(file)}\n`).join('') }
  }
}

function toVoc(image: DatasetImage, names: ReadonlyMap<number, string>): string {
  return [
    '<annotation>',
    '\t<folder>JPEGImages</folder>',
    `\t<filename>${escapeXml(baseName(image.fileName))}</filename>`,
    '\t<size>',
    `\t\t<width>${image.width}</width>`,
    `\t\t<height>${image.height}</height>`,
    '\t\t<depth>3</depth>',
    '\t</size>',
    '\t<segmented>0</segmented>',
    ...image.annotations.flatMap((annotation) => toObject(annotation, names.get(annotation.categoryId)!)),
    '</annotation>',
    '',
  ].join('\n')
}

function toObject(annotation: Annotation, name: string): string[] {
  const { box, crowd, difficult, score } = annotation
  const { truncated, pose, ...others } = annotation.attributes ?? {}
  const attributes = Object.entries(others)
  return [
    '\t<object>',
    `\t\t<name>${escapeXml(name)}</name>`,
    `\t\t<pose>${escapeXml(String(pose ?? 'Unspecified'))}</pose>`,
    `\t\t<truncated>${truncated ? 1 : 0}</truncated>`,
    `\t\t<difficult>${difficult || crowd ? 1 : 0}</difficult>`,
    ...(crowd ? ['\t\t<crowd>1</crowd>'] : []),
    ...(score === undefined ? [] : [`\t\t<score>${score}</score>`]),
    '\t\t<bndbox>',
    ...['xmin', 'ymin', 'xmax', 'ymax'].map((tag, i) => `\t\t\t<${tag}>${box[i]}</${tag}>`),
    '\t\t</bndbox>',
    ...(attributes.length === 0
      ? []
      : [
          '\t\t<attributes>',
          ...attributes.map(
            ([key, value]) =>
              `\t\t\t<attribute><name>${escapeXml(key)}</name><value>${escapeXml(String(value))}</value></attribute>`,
          ),
          '\t\t</attributes>',
        ]),
    '\t</object>',
  ]
}

const ESCAPES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}

/** Text for XML; control characters, which XML cannot hold, become spaces. */
const escapeXml = (text: string): string =>
  text
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    .replace(/[\u0000-\u001f\ufffe\uffff]/g, ' ')
    .toWellFormed()
    .replace(/[&<>"']/g, (character) => ESCAPES[character]!)
