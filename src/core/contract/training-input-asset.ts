/**
 * One training input as a file that windows fetch: safetensors with pixels [height, width, 3] (U8), boxes [N,4] in its
 * pixels (F32) and classes [N], the project's class ids (I32); vertices [V,4] of outlines (F32): object, ring, x, y.
 * The metadata has `grid`, the tiles of a large image, in JSON.
 */

import { z } from 'zod'
import type { Outlines } from '../detectors/assigner.ts'
import { CodedError } from '../errors.ts'
import { decodeSafetensors, encodeSafetensors } from '../formats/safetensors.ts'
import { tensorOf } from '../formats/tensor-values.ts'
import type { TrainingInput } from './engine/training.ts'

/** A number of an object, as its image counts them, and its class. */
const Named = z.object({ number: z.int(), classId: z.int() })

/** The tiles of a large image, each of which is a sample of its own. */
export const TileGrid = z.object({
  image: z.object({ width: z.int(), height: z.int() }),
  /** Row by row, in pixels of the image. */
  tiles: z.array(
    z.object({
      ...{ x: z.int(), y: z.int(), width: z.int(), height: z.int() },
      objects: z.int(),
      /** Objects that its borders cut, and those of which so little is left that they are no targets in it. */
      ...{ cut: z.array(Named), dropped: z.array(Named) },
    }),
  ),
  /** How many of the tiles without objects are samples of an epoch. */
  emptySamples: z.int(),
  /** Whether the image as a whole is a sample too. */
  whole: z.boolean(),
  /** Index of the tile that the input shows; null: the whole image. */
  shown: z.int().nullable(),
})
export type TileGrid = z.infer<typeof TileGrid>

export function encodeTrainingInput(
  { width, height, pixels, boxes, outlines = [] }: TrainingInput,
  classIds: Int32Array,
  grid: TileGrid | null = null,
): Uint8Array<ArrayBuffer> {
  const vertices: number[] = []
  for (const [object, rings] of outlines.entries()) {
    for (const [n, ring] of (rings ?? []).entries()) {
      for (let i = 0; i + 1 < ring.length; i += 2) vertices.push(object, n, ring[i]!, ring[i + 1]!)
    }
  }
  const tensors = [
    ['boxes', tensorOf(boxes, [classIds.length, 4])],
    ['classes', tensorOf(classIds, [classIds.length])],
    ['pixels', tensorOf(pixels, [height, width, 3])],
    ...(vertices.length > 0
      ? [['vertices', tensorOf(Float32Array.from(vertices), [vertices.length / 4, 4])] as const]
      : []),
  ] as const
  return encodeSafetensors(tensors, grid ? { grid: JSON.stringify(grid) } : {})
}

export interface TrainingInputFile extends Pick<TrainingInput, 'width' | 'height' | 'pixels' | 'boxes'> {
  readonly classIds: Int32Array
  readonly outlines: Outlines
  /** Of a large image; null of one that is learnt from as a whole. */
  readonly grid: TileGrid | null
}

/** @throws CodedError WEIGHTS_* of decodeSafetensors, IO_MODEL_OUTPUT. */
export function decodeTrainingInput(file: Uint8Array): TrainingInputFile {
  const { tensors, metadata } = decodeSafetensors(file)
  const [pixels, boxes, classes] = ['pixels', 'boxes', 'classes'].map((name) => tensors.get(name))
  const [height, width] = pixels?.shape ?? []
  if (!pixels || !boxes || !classes || height === undefined || width === undefined) {
    throw new CodedError('IO_MODEL_OUTPUT', 'The training input cannot be read')
  }
  const classIds = new Int32Array(classes.bytes.slice().buffer)
  const vertices = tensors.get('vertices')?.bytes.slice().buffer
  return {
    ...{ width, height, pixels: pixels.bytes.slice(), classIds },
    grid: metadata.grid === undefined ? null : TileGrid.parse(JSON.parse(metadata.grid)),
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
