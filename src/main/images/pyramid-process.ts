/** The program that builds one pyramid, in a process of its own: libvips cannot be stopped, but a process can. */
import { join } from 'node:path'
import sharp from 'sharp'
import { serve } from '../process/serve.ts'
import { LENIENT } from './libvips.ts'
import type { PyramidTask } from './pyramid-builder.ts'
import { toSamples } from './samples.ts'
import { unpackBmp } from './unpack-bmp.ts'

serve(async ({ file, output, folder, format, depth, channels, tile }: PyramidTask): Promise<null> => {
  const source = format === 'bmp' ? join(folder, 'unpacked.tif') : file
  if (format === 'bmp') await unpackBmp(file, source)
  const image = sharp(source, LENIENT)
  const pixels = toSamples(image, { depth, channels })
  await pixels
    .tiff({
      compression: 'none',
      bigtiff: true,
      pyramid: true,
      tile: true,
      tileWidth: tile,
      tileHeight: tile,
    })
    .toFile(output)
  return null
})
