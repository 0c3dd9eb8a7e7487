/** The images of a data set: whether their pictures are there, and how large these are. */
import { join } from 'node:path'
import { CodedError } from '../../../core/errors.ts'
import type { Annotation, Dataset, DatasetImage, Problem } from '../../../core/formats/dataset.ts'
import { byText } from '../../../core/formats/named.ts'
import type { Size } from '../../../core/geometry/box.ts'
import { isPolygons } from '../../../core/geometry/segmentation.ts'
import { type Seen, seeImage } from '../../images/header.ts'
import { kindOf, type LoadRun, mapConcurrent, OTHER_IMAGE_FILE } from './files.ts'
import type { Unseen } from './loaded.ts'
import { Pictures } from './pictures.ts'

/**
 * Depth of the search for pictures that are not where the labels say. It is small because a label file may
 * lie in somebody's home folder.
 */
const DEPTH = 5

/** An image of a data set and the result of the search for its picture. */
interface Placed {
  readonly image: DatasetImage
  readonly seen?: Seen
  readonly missing?: string
}

/**
 * Finds the picture of each image, of which the size counts: sizes that the labels do not say are filled in, others
 * are replaced with a note. Images without a picture are left out, or kept where only the labels matter; those whose
 * every object could not be read are left out, since nobody knows what they show.
 *
 * Throws DATA_IMAGES_MISSING if not a single picture is there that must be.
 */
export async function settleImages(
  dataset: Dataset,
  imageRoot: string,
  missing: 'skip' | 'keep',
  run: LoadRun = {},
  pictures?: Pictures,
): Promise<{ dataset: Dataset; problems: Problem[]; unseen: Unseen[] }> {
  const problems: Problem[] = []
  const unseen: Unseen[] = []
  const note = (file: string, action: Problem['action'], reason: string): void => {
    problems.push({ file, where: '', reason, action })
  }
  let listed: Promise<Pictures> | undefined
  const listing = (): Promise<Pictures> => {
    listed ??= pictures
      ? Promise.resolve(pictures)
      : Pictures.in(imageRoot, DEPTH).catch(() => new Pictures(imageRoot, []))
    return listed
  }
  const elsewhere: string[] = []
  const place = async (image: DatasetImage): Promise<Placed> => {
    const { fileName } = image
    const isThere = (await kindOf(join(imageRoot, fileName))) === 'file'
    if (isThere && OTHER_IMAGE_FILE.test(fileName)) {
      return { image, missing: 'this image format is not supported; convert it to JPEG or PNG' }
    }
    const found = isThere ? { file: fileName, by: 'path' } : (await listing()).find(fileName)
    if (found === undefined) return { image, missing: 'there is no such image file' }
    const seen = await seeImage(join(imageRoot, found.file))
    if (seen === undefined) return { image, missing: 'it is not a readable image' }
    if (found.by !== 'path' && !isAlike(image, seen.size)) {
      return { image, missing: `${found.file} has its name, but another size` }
    }
    if (found.by === 'prefix')
      note(fileName, 'repaired', `taken for ${found.file}, the only image of that name`)
    // Only a path can be wrong about the folder; a bare name does not mention one.
    if (found.by === 'name' && fileName.includes('/')) elsewhere.push(fileName)
    return { image: { ...image, fileName: found.file }, seen }
  }
  const placed = await mapConcurrent(dataset.images, place, run)
  if (elsewhere.length > 0) {
    const [first] = elsewhere.sort(byText)
    const others = elsewhere.length === 1 ? '' : `, as ${elsewhere.length - 1} more`
    note(first!, 'repaired', `it is not in the folder that the labels say: found by its name alone${others}`)
  }
  const turning = turningOf(placed)
  const owners = new Map<string, string>()
  const images = placed.flatMap((one, index): DatasetImage[] => {
    const written = dataset.images[index]!.fileName
    const { unreadable, ...image } = one.image
    const owner = one.seen && owners.get(image.fileName)
    if (unreadable) {
      note(
        written,
        'skipped',
        unreadable === 1
          ? 'its only object could not be read, so its contents are unknown'
          : `none of its ${unreadable} objects could be read, so its contents are unknown`,
      )
      return []
    }
    if (one.seen === undefined) {
      if (missing === 'keep') {
        unseen.push({ file: written, reason: one.missing! })
        return [image]
      }
      note(written, 'skipped', one.missing!)
      return []
    }
    if (owner !== undefined && owner !== written) {
      note(written, 'skipped', `its picture is ${image.fileName}, as is that of ${owner}`)
      return []
    }
    owners.set(image.fileName, written)
    return [fitted(image, one.seen, turning, (reason) => note(written, 'repaired', reason))]
  })
  if (images.length === 0 && placed.length > 0 && placed.every(({ seen }) => seen === undefined)) {
    if (missing === 'skip') throw noneFound(dataset, imageRoot)
  }
  problems.sort((a, b) => byText(a.file, b.file))
  return { dataset: { ...dataset, images }, problems, unseen }
}

const noneFound = (dataset: Dataset, imageRoot: string): CodedError =>
  imagesMissing(
    `None of the ${dataset.images.length} images was found in ${imageRoot}, as for example ${dataset.images[0]!.fileName}`,
  )

export const imagesMissing = (message: string): CodedError =>
  new CodedError(
    'DATA_IMAGES_MISSING',
    message,
    'Put the images beside the labels or in a folder "images" there; fcos convert takes another folder with --images',
  )

/** Whether labels for this size can belong to the picture: the size is unknown, equal, or turned by 90°. */
const isAlike = ({ width, height }: Size, size: Size): boolean =>
  width === 0 || (width === size.width && height === size.height) || isTurned({ width, height }, size)

const isTurned = (a: Size, b: Size): boolean => a.width === b.height && a.height === b.width

/**
 * Labels may state the size of a photo as it is stored, before EXIF rotation, while their boxes count in
 * stored or in displayed pixels. Boxes that fit only one of the two decide for all; if all fit both, they
 * count in stored pixels, like the size.
 */
function turningOf(placed: readonly Placed[]): 'turn' | 'keep' {
  let [stored, displayed] = [0, 0]
  for (const { image, seen } of placed) {
    if (seen === undefined || seen.orientation < 5 || !isTurned(image, seen.size)) continue
    if (fits(image, image) && !fits(image, seen.size)) stored++
    if (!fits(image, image) && fits(image, seen.size)) displayed++
  }
  return displayed > stored ? 'keep' : 'turn'
}

const fits = ({ annotations }: DatasetImage, { width, height }: Size): boolean =>
  annotations.every(
    ({ box: [x1, y1, x2, y2] }) => x1 >= -1 && y1 >= -1 && x2 <= width + 1 && y2 <= height + 1,
  )

function fitted(
  image: DatasetImage,
  { size, orientation }: Seen,
  turning: 'turn' | 'keep',
  repair: (reason: string) => void,
): DatasetImage {
  const { width, height } = image
  if (width === size.width && height === size.height) return image
  if (width === 0) return { ...image, ...size }
  const sizes = `the labels are of an image of ${width} × ${height}, the file has ${size.width} × ${size.height}`
  if (isTurned(image, size) && orientation >= 5 && turning === 'turn') {
    repair(`${sizes}, turned for display: boxes turned with it`)
    return { ...image, ...size, annotations: image.annotations.map((one) => turned(one, image, orientation)) }
  }
  const isExchanged = isTurned(image, size)
  repair(`${sizes}${isExchanged ? ', sides exchanged' : ''}: boxes kept as they are`)
  return { ...image, ...size }
}

/**
 * Maps a box from stored pixels, in an image of this size, to displayed pixels (EXIF orientations 5 to 8).
 */
function turned(annotation: Annotation, { width, height }: Size, orientation: number): Annotation {
  const at = (x: number, y: number): [number, number] => {
    if (orientation === 5) return [y, x]
    if (orientation === 6) return [height - y, x]
    if (orientation === 7) return [height - y, width - x]
    return [y, width - x]
  }
  const { box, segmentation, ...rest } = annotation
  const [[ax, ay], [bx, by]] = [at(box[0], box[1]), at(box[2], box[3])]
  const polygons = isPolygons(segmentation)
    ? segmentation.map((flat) =>
        Array.from({ length: flat.length / 2 }, (_, i) => at(flat[2 * i]!, flat[2 * i + 1]!)).flat(),
      )
    : undefined
  return {
    ...rest,
    box: [Math.min(ax, bx), Math.min(ay, by), Math.max(ax, bx), Math.max(ay, by)],
    ...(polygons && { segmentation: polygons }),
  }
}
