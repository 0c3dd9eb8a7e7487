/** All that a run needs to go on where it stopped, in one safetensors file beside its log. */

import { readFile } from 'node:fs/promises'
import type { Tensor } from '@tensorflow/tfjs-node-gpu'
import { z } from 'zod'
import { Evaluated } from '../../../core/contract/engine.ts'
import { CodedError } from '../../../core/errors.ts'
import {
  decodeSafetensors,
  encodeSafetensors,
  type Tensor as HostTensor,
} from '../../../core/formats/safetensors.ts'
import { tensorOf, toFloat32 } from '../../../core/formats/tensor-values.ts'
import { tf } from '../tensor/tensorflow.ts'
import { replaceFile } from '../weights/replace-file.ts'
import type { Learning } from './learning.ts'

export const Progress = z.strictObject({
  /** Steps done. */
  step: z.int().min(0),
  /** What the schedule's rate is multiplied by: halved by every roll-back. */
  rateScale: z.number().positive(),
  rollbacks: z.int().min(0),
  /** The moving average of positives. */
  positives: z.number().nullable(),
  /** The evaluation with the best AP so far. */
  best: Evaluated.nullable(),
})
export type Progress = z.infer<typeof Progress>

/** Replaces the file in one step. Throws IO_DISK_FULL or IO_WRITE and leaves the old one. */
export async function saveState(
  path: string,
  { model, optimiser, average }: Learning,
  progress: Progress,
): Promise<void> {
  const tensors = new Map<string, HostTensor>()
  // As they lie on the device: nobody else reads this file.
  const put = (key: string, tensor: Tensor) => {
    tensors.set(key, tensorOf(tensor.dataSync() as Float32Array, tensor.shape))
  }
  for (const { name, value } of model.parameters) put(`weights/${name}`, value)
  for (const [name, tensor] of average?.values ?? []) put(`average/${name}`, tensor)
  for (const [key, tensor] of optimiser.moments) put(`moments/${key}`, tensor)
  await replaceFile(path, encodeSafetensors(tensors, { progress: JSON.stringify(progress) }))
}

/** "kind/parameter name" → parameter name. */
const parameterOf = (key: string) => key.slice(key.indexOf('/') + 1)

/** Puts a saved state into the model. Throws WEIGHTS_* where the file is not one, or of another model. */
export async function restoreState(path: string, { model, optimiser, average }: Learning): Promise<Progress> {
  const { tensors, metadata } = decodeSafetensors(await readFile(path))
  const parsed = Progress.safeParse(JSON.parse(metadata.progress ?? 'null'))
  if (!parsed.success) throw new CodedError('WEIGHTS_STATE', `${path}: not the state of a training run`)
  optimiser.dispose()
  for (const [key, host] of tensors) {
    const kind = key.slice(0, key.indexOf('/'))
    const rest = key.slice(kind.length + 1)
    const parameter = model.parameters.find(kind === 'moments' ? parameterOf(rest) : rest)
    if (!parameter || parameter.value.shape.join() !== host.shape.join()) {
      throw new CodedError(
        'WEIGHTS_STATE',
        `${path}: ${key} does not fit this model`,
        'Start a new run instead',
      )
    }
    const value = tf.tensor(toFloat32(host), [...host.shape], 'float32')
    if (kind === 'weights') parameter.set(value)
    else if (kind === 'moments') optimiser.moments.set(rest, value)
    else if (average) {
      average.values.get(rest)?.dispose()
      average.values.set(rest, value)
    } else value.dispose()
  }
  return parsed.data
}
