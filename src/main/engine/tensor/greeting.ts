/** Describes the TensorFlow of this machine for the engine's greeting. */
import type { EngineHello } from '../../../core/contract/engine.ts'
import { fastMath } from './bfloat16.ts'
import { fastMathAgrees } from './fast-math-check.ts'
import { device, hasNativeKernels, tensorflowVersion } from './tensorflow.ts'

export const greeting = (): Pick<EngineHello, 'tensorflow' | 'device' | 'nativeKernels' | 'fastMath'> => ({
  tensorflow: tensorflowVersion,
  device,
  nativeKernels: hasNativeKernels,
  fastMath: fastMath && fastMathAgrees(),
})
