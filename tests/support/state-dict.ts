import { readFileSync } from 'node:fs'
import { elementCount, type Tensor } from '../../src/core/formats/safetensors.ts'
import { tensorOf } from '../../src/core/formats/tensor-values.ts'

type Shapes = readonly (readonly [name: string, shape: readonly number[]])[]

/** [name, shape] of every tensor of a network, as its own program lists them (a file of tests/fixtures). */
export function fixtureShapes(file: string): Shapes {
  return JSON.parse(readFileSync(new URL(`../fixtures/${file}`, import.meta.url), 'utf8'))
}

/** Weights of these shapes that are told apart by their values: the n-th tensor holds n. */
export function numberedWeights(shapes: Shapes): Map<string, Tensor> {
  return new Map(
    shapes.map(([name, shape], n) => [name, tensorOf(new Float32Array(elementCount(shape)).fill(n), shape)]),
  )
}
