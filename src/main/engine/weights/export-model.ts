import type { ExportModelRequest } from '../../../core/contract/engine.ts'
import { CodedError } from '../../../core/errors.ts'
import { readCheckpoint, writeCheckpoint } from './checkpoint.ts'

/**
 * Writes a checkpoint once more with per-class thresholds and a model card; weights that came from elsewhere become a
 * checkpoint of ours by it.
 *
 * @throws CodedError WEIGHTS_* as readCheckpoint, USAGE_THRESHOLDS, IO_DISK_FULL, IO_WRITE.
 */
export async function exportModel({ model, out, thresholds, card }: ExportModelRequest): Promise<void> {
  const checkpoint = await readCheckpoint(model)
  const classes = checkpoint.config.classes.length
  if (thresholds && thresholds.length !== classes) {
    throw new CodedError(
      'USAGE_THRESHOLDS',
      `${thresholds.length} thresholds for the ${classes} classes of ${model}`,
      'Give one for each class',
    )
  }
  await writeCheckpoint(out, {
    ...checkpoint,
    thresholds: thresholds ?? checkpoint.thresholds,
    card: card ?? checkpoint.card,
  })
}
