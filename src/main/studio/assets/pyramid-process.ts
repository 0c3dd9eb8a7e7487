/**
 * The program that builds one pyramid, in a process of its own: libvips cannot be stopped, a process can. Its task comes
 * as a JSON argument. It ends with status 0, or writes why not to its standard error.
 */
import { join } from 'node:path'
import sharp from 'sharp'
import { LENIENT } from './open-image.ts'
import type { PyramidTask } from './pyramid-builder.ts'
import { toSamples } from './samples.ts'
import { unpackBmp } from './unpack-bmp.ts'

const { file, output, folder, format, depth, channels, tile }: PyramidTask = JSON.parse(process.argv[2]!)

// Whoever wanted it is gone.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))

try {
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
  process.removeAllListeners('disconnect')
  process.disconnect()
} catch (error) {
  process.stderr.write((error as Error).message, () => process.exit(1))
}
