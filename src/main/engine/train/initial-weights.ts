/** The weights of a model that nothing was loaded into. */
import type { ModelConfig } from '../../../core/detectors/model-config.ts'
import { elementCount } from '../../../core/formats/safetensors.ts'
import { tensorOf } from '../../../core/formats/tensor-values.ts'
import { fnv1a, mulberry32, normal } from '../../../core/random.ts'
import { modelTensors } from '../model/tensors.ts'
import type { StateDict, TensorSpec } from '../weights/state-dict.ts'

/** The share of positives that an untrained classifier predicts, so that easy background does not drown the start (focal loss, section 4.1). */
const PRIOR = 0.01
/**
 * With d = stride·relu(s·x), x near 0 leaves half of all sides without a gradient; a new regression layer starts at
 * distances of a few cells instead.
 */
const RELU_DISTANCE_BIAS = 3

/**
 * Of each residual branch of a ResNet that nothing was loaded into: frozen BatchNorm does not normalise, and 16 branches
 * of full size would double the activations' variance 16 times.
 */
const RESIDUAL_SCALE = 0.25

/** The initial values by FCOS section 4 and torchvision: seeded, equal on every machine. */
export function initialWeights(config: ModelConfig, seed: number): StateDict {
  return new Map(
    modelTensors(config).map((spec) => [spec.name, tensorOf(initialValues(spec, config, seed), spec.shape)]),
  )
}

function initialValues({ name, shape }: TensorSpec, { head }: ModelConfig, seed: number): Float32Array {
  const values = new Float32Array(elementCount(shape))
  const random = mulberry32(fnv1a(`${seed}/${name}`))
  if (name.endsWith('cls_logits.bias')) return values.fill(-Math.log((1 - PRIOR) / PRIOR))
  if (name.endsWith('bbox_reg.bias') && head.distance === 'relu') return values.fill(RELU_DISTANCE_BIAS)
  if (name.endsWith('bias') || name.endsWith('running_mean')) return values
  if (name.endsWith('.bn3.weight')) return values.fill(RESIDUAL_SCALE)
  if (shape.length < 4) return values.fill(1)
  if (name.startsWith('head.')) return values.map(() => 0.01 * normal(random))
  // Kaiming uniform with a = 1 for the pyramid (variance 1 / fan in); He's for a backbone without pretrained weights.
  const fanIn = shape[1] * shape[2] * shape[3]
  const bound = Math.sqrt((name.startsWith('backbone.fpn.') ? 3 : 6) / fanIn)
  return values.map(() => bound * (2 * random() - 1))
}
