import { DIALECTS, type ModelConfig } from './config.ts'

/**
 * The light model for CPUs: EfficientNet-Lite0 with a narrower pyramid and head, in the authors' dialect. Two layers per
 * tower: on the few hundred steps of a small data set they learn more than four, in less time.
 */
export function lite0Config(classes: ModelConfig['classes'], longSide = 416): ModelConfig {
  return {
    architecture: 'lite0',
    classes,
    input: { shortSide: longSide, longSide, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
    assignment: { ...DIALECTS.authors },
    head: {
      channels: 96,
      depth: 2,
      norm: 'group',
      groups: 16,
      centernessOn: 'regression',
      distance: 'relu',
      levelScale: true,
    },
    loss: { box: 'giou', boxWeight: 'centerness', focalAlpha: 0.25, focalGamma: 2 },
  }
}
