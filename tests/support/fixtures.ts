import { readFileSync } from 'node:fs'
import { decodeSafetensors } from '../../src/core/formats/safetensors.ts'
import { toFloat32 } from '../../src/core/formats/tensor-values.ts'

/** The values of each tensor in a file of tests/fixtures, as float32. */
export function fixtureTensors(file: string): (name: string) => Float32Array {
  const { tensors } = decodeSafetensors(readFileSync(new URL(`../fixtures/${file}`, import.meta.url)))
  return (name) => {
    const tensor = tensors.get(name)
    if (!tensor) throw new Error(`${file} has no ${name}`)
    return toFloat32(tensor)
  }
}
