/** `npm run sample`: renders every scene and writes images/*.jpg, train.json and val.json beside this folder. */
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import type { DatasetImage } from '../../../src/core/formats/dataset.ts'
import { writeDataset } from '../../../src/main/studio/datasets/index.ts'
import { compose, SEED } from './compose.ts'
import { categories, labelled } from './dataset.ts'
import { develop } from './develop.ts'
import { isValidation, SCENES } from './recipes.ts'
import { render } from './render.ts'

const folder = new URL('../', import.meta.url)
const folderOfImages = new URL('images/', folder)

await rm(folderOfImages, { recursive: true, force: true })
await mkdir(folderOfImages)
const train: DatasetImage[] = []
const val: DatasetImage[] = []
for (let index = 0; index < SCENES; index++) {
  const world = compose(SEED, index)
  const image = labelled(world, index)
  const raw = { width: image.width, height: image.height, channels: 3 } as const
  const jpeg = await sharp(develop(render(world), world), { raw })
    .jpeg({ quality: 84, mozjpeg: true })
    .toBuffer()
  await writeFile(new URL(image.fileName, folderOfImages), jpeg)
  const split = isValidation(index) ? val : train
  split.push(image)
  console.log(`${image.fileName}  ${image.annotations.length} boxes  ${Math.round(jpeg.length / 1000)} kB`)
}
for (const [name, images] of [
  ['train', train],
  ['val', val],
] as const) {
  const out = fileURLToPath(new URL(`${name}.json`, folder))
  await writeDataset({ categories, images }, { format: 'coco', out, overwrite: true })
}
