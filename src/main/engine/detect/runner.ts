/** A model that is ready to detect, on either runtime. */
import type { Detector, HeadParameters, Outputs } from '../../../core/detectors/detector.ts'
import type { ModelConfig } from '../../../core/detectors/model-config.ts'
import type { Pyramid } from '../../../core/pyramid/levels.ts'
import type { NetworkInput } from '../data/preprocess.ts'

export interface Runner {
  readonly config: ModelConfig
  readonly detector: Detector
  /** The runtime and device: "ONNX Runtime 1.30.0, CPU". */
  readonly runtime: string
  /** One pass of the network. */
  raw(input: NetworkInput): Promise<RawOutputs>
  dispose(): void
}

/** The outputs of the head for each image of a batch. */
export interface RawOutputs {
  readonly grid: Pyramid
  readonly parameters: HeadParameters
  /** Per image; `embedding` is the mean of P5. */
  readonly images: readonly { readonly outputs: Outputs; readonly embedding: Float32Array }[]
}

/** Splits arrays [N, …] by image. */
export function imagesOf(count: number, outputs: Outputs, embeddings: Float32Array): RawOutputs['images'] {
  return Array.from({ length: count }, (_, n) => {
    const of = (values: Float32Array) => {
      const length = values.length / count
      return values.subarray(n * length, (n + 1) * length)
    }
    return {
      outputs: Object.fromEntries(Object.entries(outputs).map(([name, values]) => [name, of(values)])),
      embedding: of(embeddings),
    }
  })
}
