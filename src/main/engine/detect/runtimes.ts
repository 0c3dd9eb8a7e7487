/** On which runtime a model detects. */

import { onnxRunner } from '../onnx/session.ts'
import { runtimeRecord } from '../tensor/runtime-record.ts'
import type { Checkpoint } from '../weights/checkpoint.ts'
import type { Runner } from './runner.ts'

/** The model on TensorFlow, or where that is missing, on ONNX Runtime. */
export async function tensorflowOrOnnx({ config, tensors, ...rest }: Checkpoint): Promise<Runner> {
  if (runtimeRecord().device === 'wasm') return onnxRunner({ config, tensors, ...rest })
  const [{ Network }, { tensorflowRunner }] = await Promise.all([
    import('../model/network.ts'),
    import('./raw-outputs.ts'),
  ])
  return tensorflowRunner(new Network(config, tensors))
}
