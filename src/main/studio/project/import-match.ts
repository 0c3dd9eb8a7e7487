/** Matches images and classes of a data set with those of a project. */
import { join, posix, relative } from 'node:path'
import { CodedError } from '../../../core/errors.ts'
import { safeRelativePath } from '../../../core/formats/checks.ts'
import type { Category, DatasetImage, Problem } from '../../../core/formats/dataset.ts'
import { classKey } from '../../../core/formats/named.ts'
import { SPLITS, type Split } from '../../../core/project/model.ts'
import { toSlashes } from '../datasets/files.ts'
import type { Loaded } from '../datasets/index.ts'
import { nameKey } from './name-key.ts'
import type { Project } from './project.ts'

const REMOVED = 'the image was removed from this project'

export interface MatchedImage {
  readonly image: DatasetImage
  readonly path: string
  /** Undefined for an image that the project does not know yet. */
  readonly id: number | undefined
  readonly split: Split | undefined
}

/**
 * An image of the data set is the file at its path; where that is outside the project's image folder, as with labels
 * of images that were copied, the one with the same path inside it, else the only one of that name and size. Throws
 * DATA_IMAGES_MISSING if there is not one.
 */
export function matchImages(
  project: Project,
  { dataset, imageRoot }: Loaded,
  problems: Problem[],
): MatchedImage[] {
  const rows = project.database.all<Known>('SELECT id, path, name_key, width, height FROM image')
  const removed = new Set(
    project.database.all<{ path: string }>('SELECT path FROM removed').map(({ path }) => path),
  )
  const byPath = new Map(rows.map((row) => [row.path, row]))
  const byKey = Map.groupBy(rows, (row) => row.name_key)
  const root = project.imageRoot
  const namesake = namesakes(rows, dataset.images)
  const matched = dataset.images.flatMap((image): MatchedImage[] => {
    const path = toSlashes(relative(root, join(imageRoot, image.fileName)))
    const isInside = safeRelativePath(path) === path
    const alike = byKey.get(nameKey(isInside ? path : image.fileName)) ?? []
    const known =
      byPath.get(isInside ? path : image.fileName) ??
      (alike.length === 1 ? alike[0] : undefined) ??
      (isInside ? undefined : namesake(image))
    if (!isInside && known === undefined) {
      problems.push(problem(image.fileName, 'skipped', `it is not in the image folder ${root}`))
      return []
    }
    if (known === undefined && removed.has(path)) {
      problems.push(problem(image.fileName, 'skipped', REMOVED))
      return []
    }
    noteSize(image, known, problems)
    return [{ image, path: known?.path ?? path, id: known?.id, split: splitOf(image, problems) }]
  })
  const wereRemoved = problems.some(({ reason }) => reason === REMOVED)
  if (matched.length === 0 && dataset.images.length > 0 && !wereRemoved) {
    throw new CodedError(
      'DATA_IMAGES_MISSING',
      `None of the ${dataset.images.length} images of the data set is an image of this project, whose folder is ${root}`,
      'Nothing was changed. Open the folder of the images that were labelled as a project, and import there',
    )
  }
  return matched
}

/** Finds the one image of a file's name and size; cameras give many files one name, so none where there are more. */
function namesakes(
  rows: readonly Known[],
  images: readonly DatasetImage[],
): (image: DatasetImage) => Known | undefined {
  const nameOf = (path: string): string => nameKey(posix.basename(path))
  const inProject = Map.groupBy(rows, ({ path }) => nameOf(path))
  const inDataset = Map.groupBy(images, ({ fileName }) => nameOf(fileName))
  return ({ fileName, width, height }) => {
    const name = nameOf(fileName)
    const [known, ...others] = inProject.get(name) ?? []
    const isOnly = others.length === 0 && inDataset.get(name)?.length === 1
    return isOnly && known?.width === width && known?.height === height ? known : undefined
  }
}

interface Known {
  readonly id: number
  readonly path: string
  readonly name_key: string
  readonly width: number
  readonly height: number
}

/**
 * If the image was turned or scaled after labelling, the boxes are in the wrong place. Only a person can tell, so
 * this is reported.
 */
function noteSize(
  { fileName, width, height }: DatasetImage,
  known: Known | undefined,
  problems: Problem[],
): void {
  if (!known?.width || !width || (known.width === width && known.height === height)) return
  const sizes = `the labels are of an image of ${width} × ${height}, the file has ${known.width} × ${known.height}`
  problems.push(problem(fileName, 'repaired', `${sizes}: boxes kept as they are`))
}

const SPLIT_NAMES: Readonly<Record<string, Split>> = {
  ...Object.fromEntries(SPLITS.map((split) => [split, split])),
  valid: 'val',
  validation: 'val',
}

/** An image is in one split of a project. Other lists, such as VOC's trainval, add no information. */
function splitOf({ fileName, splits = [] }: DatasetImage, problems: Problem[]): Split | undefined {
  const known = [...new Set(splits.flatMap((name) => SPLIT_NAMES[name.toLowerCase()] ?? []))]
  if (known.length > 1) {
    problems.push(
      problem(fileName, 'repaired', `it is in the lists ${known.join(' and ')}: taken as ${known[0]}`),
    )
  }
  return known[0]
}

export interface MatchedClass {
  readonly category: Category
  /** Undefined for a class that the project does not have yet. */
  readonly id: number | undefined
  /** The id for a new class; undefined if the id of the data set is already taken. */
  readonly wanted: number | undefined
}

export function matchClasses(project: Project, { dataset }: Loaded, problems: Problem[]): MatchedClass[] {
  const classes = project.classes.all()
  const taken = new Map(classes.map(({ id, name }) => [id, name]))
  const byName = new Map(classes.map(({ id, name }) => [classKey(name), id]))
  return dataset.categories.map((category) => {
    const { id, name } = category
    const known = byName.get(classKey(name))
    const isFree = known === undefined && !taken.has(id) && Number.isSafeInteger(id) && id >= 0
    if (known === undefined && !isFree) {
      problems.push(
        problem('', 'repaired', `class "${name}" gets a new id: ${id} is that of "${taken.get(id)}"`),
      )
    }
    return { category, id: known, wanted: isFree ? id : undefined }
  })
}

export const problem = (file: string, action: Problem['action'], reason: string): Problem => ({
  file,
  where: '',
  reason,
  action,
})
