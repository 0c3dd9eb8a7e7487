/** Scenes as images of a data set. */
import type { Category, DatasetImage } from '../../../src/core/formats/dataset.ts'
import { annotate, maskOf, outlinesOf } from './annotate.ts'
import { CATEGORIES, type World } from './world.ts'

export const categories: readonly Category[] = CATEGORIES.map((name, index) => ({ id: index + 1, name }))

/** The scene of a number from 0 with its boxes and outlines; clutter has none. */
export function labelled(world: World, index: number): DatasetImage {
  const { width, height } = world.camera
  const traced = maskOf(world)
  const outlines = outlinesOf(world, traced)
  return {
    id: index + 1,
    fileName: `table-${String(index + 1).padStart(2, '0')}.jpg`,
    width,
    height,
    annotations: annotate(world, traced).flatMap(({ category, box }, piece) =>
      category && box
        ? [{ box, categoryId: CATEGORIES.indexOf(category) + 1, segmentation: outlines[piece] }]
        : [],
    ),
  }
}
