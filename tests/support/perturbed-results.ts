/** What a middling detector would say of labelled images: made of the labels, so that every kind of mistake is in it. */
import type { CocoResult } from '../../src/core/formats/coco-results.ts'
import type { BoxXywh } from '../../src/core/geometry/box.ts'
import { mulberry32, normal } from '../../src/core/random.ts'

interface Labels {
  readonly images: readonly { id: number; file_name: string; width: number; height: number }[]
  readonly categories: readonly { id: number }[]
  readonly annotations: readonly { image_id: number; category_id: number; bbox: BoxXywh }[]
}

/** By file name. The worse a box fits, the lower its score tends to be. */
export function perturbedResults({ images, categories, annotations }: Labels, seed: number): CocoResult[] {
  const random = mulberry32(seed)
  const share = (value: number): number => Math.min(0.99, Math.max(0.02, value))
  const classes = categories.map(({ id }) => id)
  const results: CocoResult[] = []
  const add = (image_id: number, category_id: number, [x, y, w, h]: BoxXywh, score: number): void => {
    const { file_name } = images.find(({ id }) => id === image_id)!
    results.push({
      image_id,
      file_name,
      category_id,
      bbox: [x, y, Math.abs(w), Math.abs(h)],
      score: share(score),
    })
  }
  const moved = ([x, y, w, h]: BoxXywh, by: number): BoxXywh => [
    x + by * w * normal(random),
    y + by * h * normal(random),
    w * Math.exp(by * normal(random)),
    h * Math.exp(by * normal(random)),
  ]
  for (const { image_id, category_id, bbox } of annotations) {
    const fate = random()
    if (fate < 0.08) continue
    const blur = 0.02 + 0.12 * random()
    const score = 0.95 - 3 * blur + 0.12 * normal(random)
    const other = classes[(classes.indexOf(category_id) + 1) % classes.length]!
    if (fate < 0.15) add(image_id, other, moved(bbox, blur), score - 0.2)
    else if (fate < 0.22) add(image_id, category_id, moved(bbox, 0.3), score - 0.25)
    else add(image_id, category_id, moved(bbox, blur), score)
    if (fate > 0.93) add(image_id, category_id, moved(bbox, blur), score - 0.3)
  }
  for (const { id, width, height } of images) {
    if (random() < 0.5) continue
    const side = 20 + 60 * random()
    const box = [random() * (width - side), random() * (height - side), side, side] as const
    add(id, classes[Math.floor(random() * classes.length)]!, box, 0.2 + 0.5 * random())
  }
  return results
}
