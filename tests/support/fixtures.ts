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

/** A pair of files of tests/fixtures: NAME.safetensors, each tensor's numbers in a list, and NAME.json. */
export function fixture<Json>(name: string) {
  const { tensors } = decodeSafetensors(
    readFileSync(new URL(`../fixtures/${name}.safetensors`, import.meta.url)),
  )
  const values = (key: string): number[] => {
    const tensor = tensors.get(key)
    if (!tensor) throw new Error(`${name} has no ${key}`)
    const { buffer } = Uint8Array.from(tensor.bytes)
    const Type = { F32: Float32Array, F64: Float64Array, I32: Int32Array, I16: Int16Array, U8: Uint8Array }[
      tensor.dtype as 'F32'
    ]
    return [...new Type(buffer)]
  }
  const json = JSON.parse(readFileSync(new URL(`../fixtures/${name}.json`, import.meta.url), 'utf8')) as Json
  return { values, json, has: (key: string) => tensors.has(key) }
}
