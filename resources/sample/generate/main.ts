/** `npm run sample`: renders every scene and writes images/*.jpg, train.json and val.json beside this folder. */
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { compose, SEED } from './compose.ts'
import { writeLabels } from './labels.ts'
import { photograph } from './photograph.ts'

const folderOfImages = new URL('../images/', import.meta.url)

await rm(folderOfImages, { recursive: true, force: true })
await mkdir(folderOfImages)
for (const [index, { fileName, annotations }] of (await writeLabels()).entries()) {
  const jpeg = await photograph(compose(SEED, index))
  await writeFile(new URL(fileName, folderOfImages), jpeg)
  console.log(`${fileName}  ${annotations.length} objects  ${Math.round(jpeg.length / 1000)} kB`)
}
