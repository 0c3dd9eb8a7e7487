/** The initial weights of a new model. */
import { detectorOf } from '../../../core/detectors/detectors.ts'
import type { ModelConfig } from '../../../core/detectors/model-config.ts'
import { elementCount } from '../../../core/formats/safetensors.ts'
import { tensorOf } from '../../../core/formats/tensor-values.ts'
import { fnv1a, mulberry32, normal } from '../../../core/random.ts'
import { modelTensors } from '../model/tensors.ts'
import type { StateDict, TensorSpec } from '../weights/state-dict.ts'

/**
 * Of each residual branch of a ResNet that nothing was loaded into: frozen BatchNorm does not normalise, and 16 branches
 * of full size would double the activations' variance 16 times.
 */
const RESIDUAL_SCALE = 0.25

/** The initial values by FCOS section 4 and torchvision: seeded, equal on every machine. */
export function initialWeights(config: ModelConfig, seed: number): StateDict {
  const { towers } = detectorOf(config).head(config)
  const biases = new Map(
    towers.flatMap(({ outputs }) => outputs.map(({ tensor, bias }) => [`${tensor}.bias`, bias])),
  )
  return new Map(
    modelTensors(config).map((spec) => [spec.name, tensorOf(initialValues(spec, biases, seed), spec.shape)]),
  )
}

function initialValues(
  { name, shape }: TensorSpec,
  biases: ReadonlyMap<string, number>,
  seed: number,
): Float32Array {
  const values = new Float32Array(elementCount(shape))
  const random = mulberry32(fnv1a(`${seed}/${name}`))
  const bias = biases.get(name)
  if (bias !== undefined) return values.fill(bias)
  if (name.endsWith('bias') || name.endsWith('running_mean')) return values
  if (name.endsWith('.bn3.weight')) return values.fill(RESIDUAL_SCALE)
  if (shape.length < 4) return values.fill(1)
  if (name.startsWith('head.')) return values.map(() => 0.01 * normal(random))
  // Kaiming uniform with a = 1 for the pyramid (variance 1 / fan in); He's for a backbone without pretrained weights.
  const fanIn = shape[1] * shape[2] * shape[3]
  const bound = Math.sqrt((name.startsWith('backbone.fpn.') ? 3 : 6) / fanIn)
  return values.map(() => bound * (2 * random() - 1))
}
