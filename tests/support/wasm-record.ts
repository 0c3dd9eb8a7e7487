/** A setup that chose WebAssembly. */
import type { RuntimeRecord } from '../../src/core/contract/runtime.ts'

export const wasmRecord: RuntimeRecord = {
  tensorflow: '4.22.0',
  device: 'wasm',
  bindingPath: null,
  kernelsPath: null,
  libraryDirs: [],
  cpuFlags: [],
  files: [],
  chosenBecause: ['TensorFlow needs a CPU with AVX', 'So the engine uses WebAssembly, on one thread'],
}
