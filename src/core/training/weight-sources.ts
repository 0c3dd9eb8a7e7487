/**
 * Programs that save weights that a training can start from. Each is known by the name of a tensor that all its files have,
 * so that a file says itself which architecture it belongs to.
 */
import type { ModelConfig } from '../detectors/model-config.ts'

/** In the order in which they are looked for: a detector's names contain those of its backbone. */
export const WEIGHT_SOURCES = [
  { kind: 'r50-detector', mark: 'backbone.body.conv1.weight', architecture: 'r50' },
  { kind: 'lite0-detector', mark: 'backbone.body.stem.conv.weight', architecture: 'lite0' },
  { kind: 'resnet50', mark: 'layer1.0.conv1.weight', architecture: 'r50' },
  { kind: 'efficientnet-lite0', mark: '_conv_stem.weight', architecture: 'lite0' },
] as const satisfies readonly {
  readonly kind: string
  readonly mark: string
  readonly architecture: ModelConfig['architecture']
}[]

export type WeightSource = (typeof WEIGHT_SOURCES)[number]
