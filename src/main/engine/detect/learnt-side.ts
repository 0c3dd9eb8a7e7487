import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { RunData } from '../../../core/contract/run-data.ts'
import { RUN_FILES } from '../../../core/contract/run-record.ts'
import { Tiling } from '../../../core/detectors/shared/tiles.ts'
import { typicalSide } from '../../../core/training/tiles.ts'
import type { Checkpoint } from '../weights/checkpoint.ts'

/**
 * The typical size of the images or tiles that a model was trained on, from its file or from the run beside it; null if
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

/** What was asked for when it was trained: detection takes the same tiles. */
export const learntTiling = ({ training }: Pick<Checkpoint, 'training'>): Tiling =>
  Tiling.safeParse(training?.tile).data ?? 'auto'

/** What a checkpoint says of them. */
export const tilesInCheckpoint = (
  imageSide: number | null,
  tile: Tiling = 'auto',
): Pick<NonNullable<Checkpoint['training']>, string> => ({
  imageSide,
  ...(tile !== 'auto' && { tile }),
})
