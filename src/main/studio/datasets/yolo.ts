/** YOLO data sets: a data.yaml with its lists, or images and labels folders with a classes.txt. */
import { dirname, join, relative } from 'node:path'
import { CodedError } from '../../../core/errors.ts'
import type { DatasetImage, Problem } from '../../../core/formats/dataset.ts'
import { byText } from '../../../core/formats/named.ts'
import { parseYolo } from '../../../core/formats/yolo.ts'
import { measure } from '../../images/header.ts'
import { firstOf, kindOf, listFiles, mapConcurrent, readText, toSlashes } from './files.ts'
import { imagesMissing } from './images.ts'
import type { Loaded, LoadOptions } from './loaded.ts'
import { isInside, labelPaths, readLayout, realPath, type YoloLayout } from './yolo-layout.ts'
import { selectImages, type YoloSelection } from './yolo-lists.ts'

/**
 * Reads the data set whose classes `names` names (data.yaml, classes.txt), or a part of it. An image without a label
 * file shows nothing and is kept. Class ids are those of the names file, from 0. Images that are not there are left
 * out, since coordinates are fractions of their size.
 */
export async function readYolo(
  names: string,
  selection: YoloSelection,
  options: LoadOptions,
): Promise<Loaded> {
  const layout = await readLayout(names, options.images)
  const { splitsOf, problems } = await selectImages(layout, selection)
  const paths = [...splitsOf.keys()].sort(byText)
  const imageRoot = options.images ?? commonRoot(paths, [layout.images, layout.base])
  if (paths.length === 0) throw imagesMissing(`${layout.root} has no images of this selection`)

  problems.unshift(...layout.config.problems)
  const images: DatasetImage[] = []
  const read = await mapConcurrent(paths, (path) => readImage(path, layout, imageRoot), options)
  for (const [index, { image, problems: found }] of read.entries()) {
    problems.push(...found)
    const splits = splitsOf.get(paths[index]!)!
    if (image) images.push({ ...image, id: images.length + 1, ...(splits.length > 0 && { splits }) })
  }
  if (selection.part === undefined && selection.split === undefined)
    problems.push(...(await orphans(layout, paths)))
  return { dataset: { categories: layout.config.categories, images }, imageRoot, problems }
}

/** The first of the preferred folders that holds all images, else the deepest one that does. */
function commonRoot(paths: readonly string[], preferred: readonly [string, ...string[]]): string {
  const holds = (folder: string): boolean => paths.every((path) => isInside(folder, path))
  let folder = preferred.find(holds) ?? dirname(paths[0] ?? preferred[0])
  while (!holds(folder) && dirname(folder) !== folder) folder = dirname(folder)
  return folder
}

async function readImage(
  path: string,
  layout: YoloLayout,
  imageRoot: string,
): Promise<{ image?: Omit<DatasetImage, 'id'>; problems: Problem[] }> {
  const real = realPath(path, layout)
  const fileName = toSlashes(relative(imageRoot, real))
  const skip = (reason: string) => ({
    problems: [{ file: fileName, where: '', reason, action: 'skipped' as const }],
  })
  if (!isInside(imageRoot, real)) return skip('it is outside the folder of the images')
  const label = await firstOf('file', labelPaths(path))
  // A folder of images given apart may hold more than were labelled.
  if (label === undefined && layout.moved !== undefined) return skip('it has no label file')
  const size = await measure(real)
  if (size === undefined) return skip('there is no such image, or it cannot be read')
  if (label === undefined) return { image: { fileName, ...size, annotations: [] }, problems: [] }
  try {
    const file = toSlashes(relative(layout.root, label))
    const { annotations, log } = parseYolo(await readText(label, file), file, size, layout.config.categories)
    return { image: { fileName, ...size, annotations }, problems: log.problems }
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    return skip(error.message)
  }
}

/** Label files in `labels` that belong to no image. */
async function orphans({ root }: YoloLayout, images: readonly string[]): Promise<Problem[]> {
  const folder = join(root, 'labels')
  if ((await kindOf(folder)) !== 'folder') return []
  const used = new Set(images.flatMap(labelPaths))
  const labels = (await listFiles(folder, /\.txt$/i)).filter((label) => label !== 'classes.txt')
  return labels
    .filter((label) => !used.has(toSlashes(join(folder, label))))
    .map((label) => ({
      file: `labels/${label}`,
      where: '',
      reason: 'it belongs to no image',
      action: 'skipped',
    }))
}
