/** `npm run sample`: renders every scene and writes images/*.jpg, train.json and val.json beside this folder. */
import { mkdir, rm, writeFile } from 'node:fs/promises'
import sharp from 'sharp'
import { compose, SEED } from './compose.ts'
import { develop } from './develop.ts'
import { writeLabels } from './labels.ts'
import { render } from './render.ts'

const folderOfImages = new URL('../images/', import.meta.url)

await rm(folderOfImages, { recursive: true, force: true })
await mkdir(folderOfImages)
for (const [index, { fileName, width, height, annotations }] of (await writeLabels()).entries()) {
  const world = compose(SEED, index)
  const jpeg = await sharp(develop(render(world), world), { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 84, mozjpeg: true })
    .toBuffer()
  await writeFile(new URL(fileName, folderOfImages), jpeg)
  console.log(`${fileName}  ${annotations.length} objects  ${Math.round(jpeg.length / 1000)} kB`)
}
