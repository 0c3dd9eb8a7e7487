/**
 * Writes train.json and val.json without rendering: the geometry alone determines them.
 *
 *   node resources/sample/generate/labels.ts
 */
import { fileURLToPath } from 'node:url'
import type { DatasetImage } from '../../../src/core/formats/dataset.ts'
import { writeDataset } from '../../../src/main/studio/datasets/index.ts'
import { compose, SEED } from './compose.ts'
import { categories, labelled } from './dataset.ts'
import { isValidation, SCENES } from './recipes.ts'

/** All images of the sample, in the order of their scenes. */
export async function writeLabels(): Promise<DatasetImage[]> {
  const images = Array.from({ length: SCENES }, (_, index) => labelled(compose(SEED, index), index))
  for (const name of ['train', 'val']) {
    const own = images.filter((_, index) => isValidation(index) === (name === 'val'))
    const out = fileURLToPath(new URL(`../${name}.json`, import.meta.url))
    await writeDataset({ categories, images: own }, { format: 'coco', out, overwrite: true })
  }
  return images
}

if (import.meta.main) await writeLabels()
