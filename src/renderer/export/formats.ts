/** The formats and what distinguishes them. */
import type { DETECTION_FORMATS } from '../../core/contract/studio/models.ts'
import type { Format } from '../../core/formats/formats.ts'

/** All images except ignored ones. */
export const ALL_IMAGES = '-state:ignored'

export const LABEL_FORMATS: readonly { value: Format; title: string; line: string }[] = [
  {
    value: 'coco',
    title: 'COCO',
    line: 'One JSON file. Keeps class ids, crowds, outlines, masks and attributes, but no splits.',
  },
  {
    value: 'voc',
    title: 'Pascal VOC',
    line: 'An XML file per image. Keeps flags, attributes and splits, but no outlines or class order.',
  },
  {
    value: 'yolo',
    title: 'YOLO',
    line: 'A text file per image. Keeps class order, splits and outlines, but no crowds, flags or attributes.',
  },
  {
    value: 'labelme',
    title: 'LabelMe',
    line: 'A JSON file beside each image. Keeps outlines, flags and attributes, but no masks or splits.',
  },
  {
    value: 'csv',
    title: 'CSV',
    line: 'One table, a row per box. Keeps flags, but no outlines, attributes or splits.',
  },
]

type DetectionFormat = (typeof DETECTION_FORMATS)[number]

export const RESULT_FORMATS: readonly { value: DetectionFormat; title: string; line: string }[] = [
  { value: 'coco', title: 'COCO', line: 'One JSON results file, as pycocotools reads it.' },
  { value: 'csv', title: 'CSV', line: 'One table, a row per detection.' },
  { value: 'voc', title: 'Pascal VOC', line: 'An XML file per image.' },
  { value: 'yolo', title: 'YOLO', line: 'A text file per image, with the score in the last column.' },
]

/** Turns any text into a file name. */
export const fileName = (text: string): string =>
  text
    .replaceAll(/[^\p{L}\p{N}._-]+/gu, '-')
    .replaceAll(/^[-.]+|-+$/g, '')
    .slice(0, 80) || 'export'

/** "1.4 MB" */
export function bytes(count: number): string {
  const [unit, size] = count < 1e6 ? ['kB', 1e3] : count < 1e9 ? ['MB', 1e6] : ['GB', 1e9]
  const value = count / (size as number)
  return `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ${unit}`
}
