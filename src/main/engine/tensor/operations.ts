/** Everything that layers compute with, as this machine's runtime does it best. */
import { composed } from './composed.ts'
import * as binding from './convolution.ts'
import type { FusedOperations } from './fused.ts'
import { native } from './native.ts'
import * as portable from './portable-convolution.ts'
import { device, hasNativeKernels } from './tensorflow.ts'

export type { ConvolutionShape } from './convolution.ts'
// Called in training only, which WebAssembly refuses as a whole.
export * from './convolution-gradients.ts'

export const { convolve, deconvolve, depthwise, maxPool3x3 } = device === 'wasm' ? portable : binding
export const fused: FusedOperations = hasNativeKernels ? native : composed
