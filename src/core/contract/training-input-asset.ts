/**
 * One training input as a file that windows fetch: safetensors with pixels [height, width, 3] (U8), boxes [N,4] in its
 * pixels (F32) and classes [N], the project's class ids (I32); vertices [V,4] of outlines (F32): object, ring, x, y.
 */

import type { Outlines } from '../detectors/assigner.ts'
import { CodedError } from '../errors.ts'
import { decodeSafetensors, encodeSafetensors } from '../formats/safetensors.ts'
import { tensorOf } from '../formats/tensor-values.ts'
import type { TrainingInput } from './engine/training.ts'

export function encodeTrainingInput(
  { width, height, pixels, boxes, outlines = [] }: TrainingInput,
  classIds: Int32Array,
): Uint8Array<ArrayBuffer> {
  const vertices: number[] = []
  for (const [object, rings] of outlines.entries()) {
    for (const [n, ring] of (rings ?? []).entries()) {
      for (let i = 0; i + 1 < ring.length; i += 2) vertices.push(object, n, ring[i]!, ring[i + 1]!)
    }
  }
  return encodeSafetensors([
    ['boxes', tensorOf(boxes, [classIds.length, 4])],
    ['classes', tensorOf(classIds, [classIds.length])],
    ['pixels', tensorOf(pixels, [height, width, 3])],
    ...(vertices.length > 0
      ? [['vertices', tensorOf(Float32Array.from(vertices), [vertices.length / 4, 4])] as const]
      : []),
  ])
}

export interface TrainingInputFile extends Pick<TrainingInput, 'width' | 'height' | 'pixels' | 'boxes'> {
  readonly classIds: Int32Array
  readonly outlines: Outlines
}

/** @throws CodedError WEIGHTS_* of decodeSafetensors, IO_MODEL_OUTPUT. */
export function decodeTrainingInput(file: Uint8Array): TrainingInputFile {
  const { tensors } = decodeSafetensors(file)
  const [pixels, boxes, classes] = ['pixels', 'boxes', 'classes'].map((name) => tensors.get(name))
  const [height, width] = pixels?.shape ?? []
  if (!pixels || !boxes || !classes || height === undefined || width === undefined) {
    throw new CodedError('IO_MODEL_OUTPUT', 'The training input cannot be read')
  }
  const classIds = new Int32Array(classes.bytes.slice().buffer)
  const vertices = tensors.get('vertices')?.bytes.slice().buffer
  return {
    ...{ width, height, pixels: pixels.bytes.slice(), classIds },
    boxes: new Float32Array(boxes.bytes.slice().buffer),
    outlines: outlinesOf(vertices ? new Float32Array(vertices) : new Float32Array(), classIds.length),
  }
}

function outlinesOf(vertices: Float32Array, objects: number): Outlines {
  const outlines: (number[][] | null)[] = new Array(objects).fill(null)
  for (let i = 0; i < vertices.length; i += 4) {
    const [object, ring, x, y] = vertices.subarray(i, i + 4) as unknown as [number, number, number, number]
    outlines[object] ??= []
    outlines[object][ring] ??= []
    outlines[object][ring].push(x, y)
  }
  return outlines
}
