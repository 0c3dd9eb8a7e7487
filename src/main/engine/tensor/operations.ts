/** Everything that layers compute with. */
import { composed } from './composed.ts'
import type { FusedOperations } from './fused.ts'
import { native } from './native.ts'
import { hasNativeKernels } from './tensorflow.ts'

export * from './convolution.ts'
export const fused: FusedOperations = hasNativeKernels ? native : composed
