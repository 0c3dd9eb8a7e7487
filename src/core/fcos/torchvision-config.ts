import { DIALECTS, type ModelConfig } from './config.ts'

/** The choices that torchvision's fcos_resnet50_fpn has built in; input sizes are those of its COCO training. */
export function torchvisionConfig(classes: ModelConfig['classes']): ModelConfig {
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
