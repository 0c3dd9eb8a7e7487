import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { RunData } from '../../../core/contract/run-data.ts'
import { RUN_FILES } from '../../../core/contract/run-record.ts'
import type { Checkpoint } from '../weights/checkpoint.ts'

/** The median of the images' long sides, in pixels. */
export function typicalSide(
  images: readonly { readonly width: number; readonly height: number }[],
): number | null {
  const sides = images.map(({ width, height }) => Math.max(width, height)).sort((a, b) => a - b)
  return sides[sides.length >> 1] ?? null
}

/**
 * The typical size of the images that a model was trained on, from its file or from the run beside it; null if
 * neither states it.
 */
export async function learntSide(
  path: string,
  { training }: Pick<Checkpoint, 'training'>,
): Promise<number | null> {
  if (typeof training?.imageSide === 'number') return training.imageSide
  try {
    const { data } = RunData.parse(JSON.parse(await readFile(join(dirname(path), RUN_FILES.data), 'utf8')))
    return typicalSide(data.images)
  } catch {
    return null
  }
}
