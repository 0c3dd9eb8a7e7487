/**
 * One training input as a file that windows fetch: safetensors with pixels [height, width, 3] (U8), boxes [N,4] in its
 * pixels (F32) and classes [N], the project's class ids (I32).
 */

import { CodedError } from '../errors.ts'
import { decodeSafetensors, encodeSafetensors } from '../formats/safetensors.ts'
import { tensorOf } from '../formats/tensor-values.ts'
import type { TrainingInput } from './engine/training.ts'

export function encodeTrainingInput(
  { width, height, pixels, boxes }: TrainingInput,
  classIds: Int32Array,
): Uint8Array<ArrayBuffer> {
  return encodeSafetensors([
    ['boxes', tensorOf(boxes, [classIds.length, 4])],
    ['classes', tensorOf(classIds, [classIds.length])],
    ['pixels', tensorOf(pixels, [height, width, 3])],
  ])
}

export interface TrainingInputFile extends Pick<TrainingInput, 'width' | 'height' | 'pixels' | 'boxes'> {
  readonly classIds: Int32Array
}

/** @throws CodedError WEIGHTS_* of decodeSafetensors, IO_MODEL_OUTPUT. */
export function decodeTrainingInput(file: Uint8Array): TrainingInputFile {
  const { tensors } = decodeSafetensors(file)
  const [pixels, boxes, classes] = ['pixels', 'boxes', 'classes'].map((name) => tensors.get(name))
  const [height, width] = pixels?.shape ?? []
  if (!pixels || !boxes || !classes || height === undefined || width === undefined) {
    throw new CodedError('IO_MODEL_OUTPUT', 'The training input cannot be read')
  }
  return {
    ...{ width, height, pixels: pixels.bytes.slice() },
    boxes: new Float32Array(boxes.bytes.slice().buffer),
    classIds: new Int32Array(classes.bytes.slice().buffer),
  }
}
