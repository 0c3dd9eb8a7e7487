import type { ModelConfig } from '../model-config.ts'
import { DIALECTS, type FcosConfig } from './config.ts'

/**
 * The light model for CPUs: EfficientNet-Lite0 with a narrower pyramid and head, in the authors' dialect. Two layers per
 * tower: on the few hundred steps of a small data set they learn more than four, in less time.
 */
export function lite0Config(classes: ModelConfig['classes'], longSide = 416): FcosConfig {
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

/** The choices that torchvision's fcos_resnet50_fpn has built in; input sizes are those of its COCO training. */
export function torchvisionConfig(classes: ModelConfig['classes']): FcosConfig {
  return {
    architecture: 'r50',
    classes,
    input: { shortSide: 800, longSide: 1333, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
    assignment: { ...DIALECTS.torchvision },
    head: {
      channels: 256,
      depth: 4,
      norm: 'group',
      groups: 32,
      centernessOn: 'regression',
      distance: 'relu',
      levelScale: false,
    },
    loss: { box: 'giou', boxWeight: 'none', focalAlpha: 0.25, focalGamma: 2 },
  }
}
