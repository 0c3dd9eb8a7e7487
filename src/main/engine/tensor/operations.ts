/** Everything that layers compute with, as this machine's runtime does it best. */
import { composed } from './composed.ts'
import type { FusedOperations } from './fused.ts'
import { native } from './native.ts'
import { hasNativeKernels } from './tensorflow.ts'

export * from './convolution.ts'
export * from './convolution-gradients.ts'

export const fused: FusedOperations = hasNativeKernels ? native : composed
