/** A setup that found no TensorFlow. */
import type { RuntimeRecord } from '../../src/core/contract/runtime.ts'

export const onnxRecord: RuntimeRecord = {
  tensorflow: null,
  device: 'onnx',
  bindingPath: null,
  kernelsPath: null,
  libraryDirs: [],
  cpuFlags: [],
  files: [],
  openvino: { missing: 'It is not part of this test' },
  chosenBecause: ['TensorFlow needs a CPU with AVX', 'So the engine uses ONNX Runtime'],
}
