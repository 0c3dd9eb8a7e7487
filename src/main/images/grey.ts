import sharp from 'sharp'
import { GREY_SIDE } from '../../core/review/near-duplicates.ts'

/** [GREY_SIDE²] grey values of a picture, row by row, stretched to a square. */
export const readGrey = (picture: Buffer): Promise<Buffer> =>
  sharp(picture)
    .greyscale()
    .resize(GREY_SIDE, GREY_SIDE, { fit: 'fill', fastShrinkOnLoad: false })
    .raw()
    .toBuffer()
