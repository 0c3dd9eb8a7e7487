/** What an evaluation is made of: labels and detections as they were when it began. */
import type { GroundTruth, TrueObject } from '../../../core/evaluation/ground-truth.ts'
import type { Detection } from '../../../core/formats/detection.ts'
import type { Project } from '../project/index.ts'

export interface FrozenObject extends TrueObject {
  readonly annotationId: number
}

export interface FrozenTruth extends GroundTruth {
  readonly images: readonly { readonly id: number; readonly fileName: string }[]
  readonly objects: readonly FrozenObject[]
}

export interface FrozenDetection extends Detection {
  /** p̂ and ô, where the detector tells them: the score is √(p̂·ô). */
  readonly classScore?: number
  readonly centerness?: number
}

/** Images whose labels are read at a time. */
const CHUNK = 1000

/** The images that a query finds and somebody has worked on. Throws USAGE_QUERY. */
export const labelledImages = (project: Project, query: string): number[] =>
  project.find(`state:in-progress,done ${query}`)

/** The labels of images, boxes and areas as the metrics take them (groundTruthOf). */
export function freezeLabels({ images, annotations, classes }: Project, ids: readonly number[]): FrozenTruth {
  const objects: FrozenObject[] = []
  for (let start = 0; start < ids.length; start += CHUNK) {
    for (const one of annotations.ofImages(ids.slice(start, start + CHUNK)).flat()) {
      if (one.source === 'proposed') continue
      const [x1, y1, x2, y2] = one.box
      const box = [x1, y1, x2 - x1, y2 - y1] as const
      const area = one.area ?? box[2] * box[3]
      const { id: annotationId, imageId, classId: categoryId, crowd } = one
      objects.push({ annotationId, imageId, categoryId, box, area, crowd })
    }
  }
  return {
    categories: classes.all().map(({ id, name }) => ({ id, name })),
    images: images.list(ids).map(({ id, path }) => ({ id, fileName: path })),
    objects,
  }
}

/** Of the images before: how many have other objects now, or are gone. */
export function changedImages(before: FrozenTruth, now: FrozenTruth): number {
  const [old, fresh] = [before, now].map(wordings) as [Map<number, string>, Map<number, string>]
  return [...old].filter(([id, wording]) => fresh.get(id) !== wording).length
}

function wordings({ images, objects }: FrozenTruth): Map<number, string> {
  const of = Map.groupBy(objects, ({ imageId }) => imageId)
  return new Map(images.map(({ id }) => [id, JSON.stringify(of.get(id) ?? [])]))
}
