/** Reads a data set for a project. Its pictures are those of the project, wherever the labels lie. */
import { join, relative } from 'node:path'
import { CodedError } from '../../../core/errors.ts'
import { safeRelativePath } from '../../../core/formats/checks.ts'
import type { DatasetImage } from '../../../core/formats/dataset.ts'
import type { Format } from '../../../core/formats/formats.ts'
import { kindOf, mapConcurrent, toSlashes } from '../datasets/files.ts'
import {
  type Loaded,
  type LoadOptions,
  type LoadRun,
  loadDataset,
  Pictures,
  pathKey,
} from '../datasets/index.ts'
import { problem } from './import-match.ts'
import type { Project } from './project.ts'

export interface ImportSource extends LoadRun {
  readonly from?: Format
  /** Also import images whose files are not in the project's folder. Otherwise they are left out and reported. */
  readonly keepAbsent?: boolean
}

export interface LoadedForProject extends Loaded {
  /** Images whose files are not in the project's folder. */
  readonly absent: number
}

interface Placed {
  readonly image: DatasetImage
  /** Relative to the project's image folder; undefined outside it. */
  readonly path: string | undefined
  readonly isThere: boolean
}

/**
 * Reads the data set with the pictures beside it, and where those are not all the project's, with the project's own.
 * No image without a file comes in unasked. Throws the errors of loadDataset.
 */
export async function loadForProject(
  project: Project,
  path: string,
  { from, keepAbsent = false, ...run }: ImportSource = {},
): Promise<LoadedForProject> {
  const options: LoadOptions = { missing: 'keep', ...(from && { from }), ...run }
  const rows = project.database.all<{ path: string }>('SELECT path FROM image').map((row) => row.path)
  const pictures = new Pictures(project.imageRoot, rows)
  const known = new Set(rows.map(pathKey))
  const read = async (more: LoadOptions): Promise<{ loaded: Loaded; placed: Placed[] }> => {
    const loaded = await loadDataset(path, { ...options, ...more })
    return { loaded, placed: await mapConcurrent(loaded.dataset.images, (image) => place(image, loaded)) }
  }
  const place = async (image: DatasetImage, { imageRoot }: Loaded): Promise<Placed> => {
    const file = join(imageRoot, image.fileName)
    const within = toSlashes(relative(project.imageRoot, file))
    const inside = safeRelativePath(within) === within ? within : undefined
    const isThere = inside !== undefined && (known.has(pathKey(inside)) || (await kindOf(file)) === 'file')
    return { image, path: inside, isThere }
  }
  const count = (one?: { placed: Placed[] }): number =>
    one?.placed.filter(({ isThere }) => isThere).length ?? -1
  const natural = await read({}).catch(pictureless)
  const isWhole =
    natural !== undefined && natural.placed.length > 0 && count(natural) === natural.placed.length
  const own = isWhole
    ? undefined
    : await read({ pictures }).catch((error: unknown) => {
        if (natural === undefined) throw error
        return pictureless(error)
      })
  const best = count(own) > count(natural) ? own! : natural!
  const { loaded, placed } = best
  const absent = placed.filter(({ isThere }) => !isThere)
  const taken = keepAbsent ? placed : placed.filter(({ isThere }) => isThere)
  return {
    ...loaded,
    imageRoot: project.imageRoot,
    dataset: {
      ...loaded.dataset,
      images: taken.map(({ image, path }) => ({ ...image, fileName: path ?? image.fileName })),
    },
    problems: [
      ...loaded.problems,
      ...(keepAbsent
        ? []
        : absent.map(({ image }) =>
            problem(image.fileName, 'skipped', 'there is no such image file in this project'),
          )),
    ],
    absent: absent.length,
  }
}

/** Labels without pictures beside them may still belong to pictures of the project. */
function pictureless(error: unknown): undefined {
  const codes = ['DATA_IMAGES_MISSING', 'DATA_IMAGES_AMBIGUOUS', 'DATA_LABELS_MISSING']
  if (error instanceof CodedError && codes.includes(error.code)) return undefined
  throw error
}

/** Throws DATA_IMAGES_MISSING if no image of the data set is in the project. */
export function requireImages({ dataset, absent }: LoadedForProject, { imageRoot }: Project): void {
  if (dataset.images.length > 0 || absent === 0) return
  throw new CodedError(
    'DATA_IMAGES_MISSING',
    `None of the ${absent} images of the data set is an image of this project, whose folder is ${imageRoot}`,
    'Nothing was changed. Open the folder of the images that were labelled as a project, and import there',
  )
}
