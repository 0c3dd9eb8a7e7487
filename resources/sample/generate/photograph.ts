import sharp from 'sharp'
import { develop } from './develop.ts'
import { render } from './render.ts'
import type { World } from './world.ts'

/** The scene as a JPEG file; about six seconds on one core. */
export function photograph(world: World): Promise<Buffer> {
  const { width, height } = world.camera
  return sharp(develop(render(world), world), { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 84, mozjpeg: true })
    .toBuffer()
}
