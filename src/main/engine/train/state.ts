/** All that a run needs to go on where it stopped, in one safetensors file beside its log. */

import { readFile } from 'node:fs/promises'
import type { Tensor } from '@tensorflow/tfjs-node-gpu'
import { z } from 'zod'
import { Evaluated } from '../../../core/contract/engine.ts'
import type { TrainingOptions } from '../../../core/contract/training.ts'
import type { ModelConfig } from '../../../core/detectors/model-config.ts'
import { CodedError } from '../../../core/errors.ts'
import {
  decodeSafetensors,
  encodeSafetensors,
  type Tensor as HostTensor,
} from '../../../core/formats/safetensors.ts'
import { tensorOf, toFloat32 } from '../../../core/formats/tensor-values.ts'
import { replaceFile } from '../../files/replace-file.ts'
import { deviceShape, toTorchLayout } from '../model/filter-layout.ts'
import { Network } from '../model/network.ts'
import { modelTensors } from '../model/tensors.ts'
import { tf } from '../tensor/tensorflow.ts'
import type { StateDict } from '../weights/state-dict.ts'
import { beginLearning, endLearning, type Learning } from './learning.ts'

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
  /** Whether the evaluation after this step was stopped and is still to be made. */
  owesEvaluation: z.boolean().default(false),
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
  const bytes = encodeSafetensors(tensors, {
    progress: JSON.stringify(progress),
    began: JSON.stringify(Object.fromEntries(optimiser.began)),
  })
  await replaceFile(path, bytes, `${path}.partial`)
}

/** A run as it was when it was saved. */
export interface Restored {
  readonly learning: Learning
  readonly progress: Progress
}

/**
 * The network is built of the saved weights, since layers derive values of their own from what they are built of.
 *
 * @throws CodedError USAGE_NO_RUN where nothing was saved, WEIGHTS_STATE where the file is not the state of such a run.
 */
export async function restoreState(
  path: string,
  config: ModelConfig,
  options: TrainingOptions,
): Promise<Restored> {
  const { tensors, progress, began } = await readState(path)
  const misfit = (key: string) =>
    new CodedError('WEIGHTS_STATE', `${path}: ${key} does not fit this model`, 'Start a new run instead')
  const take = (key: string, shape: readonly number[]): Float32Array => {
    const tensor = tensors.get(key)
    if (tensor?.shape.join() !== deviceShape(shape).join()) throw misfit(key)
    return toFloat32(tensor)
  }
  const weights: StateDict = new Map(
    modelTensors(config).map(({ name, shape }) => [
      name,
      tensorOf(toTorchLayout(take(`weights/${name}`, shape), shape), shape),
    ]),
  )
  const learning = beginLearning(new Network(config, weights), options)
  try {
    const { model, optimiser, average } = learning
    const device = (key: string, shape: readonly number[]) =>
      tf.keep(tf.tensor(take(key, shape), deviceShape(shape), 'float32'))
    for (const [name, value] of average?.values ?? []) {
      average?.values.set(name, device(`average/${name}`, model.parameters.get(name).shape))
      value.dispose()
    }
    for (const key of tensors.keys()) {
      const [, moment, name] = /^moments\/([^/]*\/(.*))$/.exec(key) ?? []
      if (moment === undefined || name === undefined) continue
      const parameter = model.parameters.find(name)
      if (!parameter?.trainable) throw misfit(key)
      optimiser.moments.set(moment, device(key, parameter.shape))
    }
    for (const [name, step] of Object.entries(began)) optimiser.began.set(name, step)
    return { learning, progress }
  } catch (error) {
    endLearning(learning)
    throw error
  }
}

const Began = z.record(z.string(), z.int().positive())

async function readState(
  path: string,
): Promise<{ tensors: StateDict; progress: Progress; began: z.infer<typeof Began> }> {
  const wrong = (why: string, cause?: unknown) =>
    new CodedError('WEIGHTS_STATE', `${path}: ${why}`, 'Start a new run instead', { cause })
  const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'ENOENT') throw wrong(`cannot be read (${cause.code})`, cause)
    throw new CodedError(
      'USAGE_NO_RUN',
      `${path} is missing, which holds what a run goes on from`,
      'Start a new run; its weights may be those of this one',
      { cause },
    )
  })
  try {
    const { tensors, metadata } = decodeSafetensors(bytes)
    return {
      tensors: new Map(tensors),
      progress: Progress.parse(JSON.parse(metadata.progress ?? 'null')),
      began: Began.parse(JSON.parse(metadata.began ?? '{}')),
    }
  } catch (cause) {
    throw wrong('not the state of a training run', cause)
  }
}
