/** The operations that layers compute with, in the fastest form that this machine's runtime has. */
import { composed } from './composed.ts'
import type { FusedOperations } from './fused.ts'
import { native } from './native.ts'
import { hasNativeKernels } from './tensorflow.ts'

export * from './convolution.ts'
export * from './convolution-gradients.ts'

export const fused: FusedOperations = hasNativeKernels ? native : composed
