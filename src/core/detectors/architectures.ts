/** The backbones that a detector can be built on. src/main/engine/model/backbones.ts builds them. */
export const ARCHITECTURES = ['lite0', 'r50'] as const
export type Architecture = (typeof ARCHITECTURES)[number]

export interface ArchitectureInfo {
  readonly title: string
  /** The network's name in its paper. */
  readonly network: string
  /** Describes its use to people who choose a model. */
  readonly about: string
  /** Weights of the network alone, names in resources/models.json; a detector may have better ones. */
  readonly pretrained: readonly string[]
}

export const MODELS: Readonly<Record<Architecture, ArchitectureInfo>> = {
  lite0: {
    title: 'lite0',
    network: 'EfficientNet-Lite0',
    about: 'lite0: light, learns on a CPU in minutes',
    pretrained: ['efficientnet_lite0_imagenet'],
  },
  r50: {
    title: 'R-50',
    network: 'ResNet-50',
    about: 'R-50: deeper, for a GPU or patience',
    pretrained: ['resnet50_imagenet'],
  },
}

export const isArchitecture = (name: string): name is Architecture =>
  (ARCHITECTURES as readonly string[]).includes(name)
