/** Small label files of each format, and what a reader says of them in one line each. */
import { describeProblem } from '../../src/core/formats/problems.ts'
import { type LoadOptions, loadDataset } from '../../src/main/studio/datasets/index.ts'
import { lay, scratch } from './scratch.ts'

type Box = readonly [number, number, number, number]
export type Files = Parameters<typeof lay>[1]

/** A Pascal VOC document. Without a name: no object. */
export function vocXml(
  name: string,
  {
    filename = '',
    size = [64, 48],
    box = [1, 2, 30, 40],
    more = '',
  }: { filename?: string; size?: readonly number[]; box?: Box; more?: string } = {},
): string {
  const corners = ['xmin', 'ymin', 'xmax', 'ymax'].map((tag, i) => `<${tag}>${box[i]}</${tag}>`).join('')
  const object = name && `<object><name>${name}</name>${more}<bndbox>${corners}</bndbox></object>`
  const named = filename && `<filename>${filename}</filename>`
  return `<annotation>${named}<size><width>${size[0]}</width><height>${size[1]}</height></size>${object}</annotation>`
}

/** A LabelMe document with one rectangle, or with the given shapes. */
export const labelMe = (imagePath: string, label: string, more: object = {}): string =>
  JSON.stringify({
    version: '5.0.1',
    flags: {},
    shapes: [
      {
        label,
        points: [
          [1, 2],
          [30, 40],
        ],
        shape_type: 'rectangle',
        flags: {},
      },
    ],
    imagePath,
    imageData: null,
    imageHeight: 48,
    imageWidth: 64,
    ...more,
  })

/** A COCO file whose images have one cat each. */
export const coco = (fileNames: readonly string[], more: object = {}): string =>
  JSON.stringify({
    images: fileNames.map((file_name, i) => ({ id: i + 1, file_name, width: 64, height: 48 })),
    annotations: fileNames.map((_, i) => ({
      id: i + 1,
      image_id: i + 1,
      category_id: 1,
      bbox: [1, 2, 29, 38],
    })),
    categories: [{ id: 1, name: 'cat' }],
    ...more,
  })

export interface Told {
  readonly format: string
  /** `a.jpg 64x48: cat 1 2 30 40, …` */
  readonly images: string[]
  readonly classes: string[]
  readonly problems: string[]
  readonly notKept: string[]
}

export async function told(path: string, options?: LoadOptions): Promise<Told> {
  const { dataset, format, problems, notKept = [] } = await loadDataset(path, options)
  const nameOf = new Map(dataset.categories.map(({ id, name }) => [id, name]))
  return {
    format,
    images: dataset.images.map(({ fileName, width, height, annotations, splits }) => {
      const objects = annotations.map(({ categoryId, box, score, segmentation }) =>
        [
          nameOf.get(categoryId),
          ...box.map((v) => Math.round(v * 1000) / 1000),
          ...(score === undefined ? [] : [`score ${score}`]),
          ...(segmentation === undefined ? [] : ['outline']),
        ].join(' '),
      )
      return `${fileName} ${width}x${height}${splits ? ` (${splits.join(' ')})` : ''}: ${objects.join(', ')}`
    }),
    classes: dataset.categories.map(({ name }) => name),
    problems: problems.map(describeProblem),
    notKept: [...notKept],
  }
}

/** Lays files into a new folder and reads it, or one of them. */
export async function toldOf(files: Files, options?: LoadOptions, path = ''): Promise<Told> {
  const root = await scratch()
  await lay(root, files)
  return told(`${root}/${path}`, options)
}
