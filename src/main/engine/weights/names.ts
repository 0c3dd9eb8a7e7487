/**
 * From the names in a file to the names of our models: torchvision's for r50, our own for lite0. Recognises what other
 * programs save; the tensors themselves are left as they are.
 */

import { detectors } from '../../../core/detectors/detectors.ts'
import type { ModelConfig } from '../../../core/detectors/model-config.ts'
import { CodedError } from '../../../core/errors.ts'
import { COCO_CATEGORIES } from '../../../core/formats/coco-categories.ts'
import { WEIGHT_SOURCES, type WeightSource } from '../../../core/training/weight-sources.ts'
import type { StateDict } from './state-dict.ts'

export interface NamedWeights {
  readonly architecture: ModelConfig['architecture']
  /** Of a whole detector that the studio builds; null for the backbone of a classifier or of another one, with its pyramid if it has one. */
  readonly config: ModelConfig | null
  readonly tensors: StateDict
  /** Tensors that no detector has. BatchNorm's num_batches_tracked is left out without mention. */
  readonly dropped: readonly DroppedTensor[]
}

export interface DroppedTensor {
  readonly name: string
  readonly reason: string
}

/** To our names; null for what is dropped. */
const RENAME: Readonly<Record<WeightSource['kind'], (name: string) => string | null>> = {
  'r50-detector': currentPyramidName,
  'lite0-detector': (name) => name,
  resnet50: (name) => (name.startsWith('fc.') ? null : `backbone.body.${name}`),
  'efficientnet-lite0': lite0Name,
}

/** FCOS of other programs, whose networks differ from ours in more than names. */
const OTHERS = [
  ['rpn.head.cls_tower.0.weight', "the FCOS authors' code"],
  ['proposal_generator.fcos_head.cls_tower.0.weight', 'AdelaiDet'],
  ['bbox_head.cls_convs.0.conv.weight', 'MMDetection'],
] as const

/** Throws WEIGHTS_ARCHITECTURE for weights of networks that the studio does not build. */
export function canonicalNames(weights: StateDict): NamedWeights {
  const unwrapped = withoutModule(weights)
  const source = WEIGHT_SOURCES.find(({ mark }) => unwrapped.has(mark))
  if (!source) throw unknown(unwrapped)
  const found = ofTorchvision(unwrapped)
  const tensors: StateDict = new Map()
  const dropped: DroppedTensor[] = []
  for (const [name, tensor] of unwrapped) {
    if (name.endsWith('num_batches_tracked')) continue
    const canonical = RENAME[source.kind](name)
    if (canonical === null) dropped.push({ name, reason: "a part of the classifier's head" })
    else if (canonical.startsWith('backbone.')) tensors.set(canonical, tensor)
    else if (found) tensors.set(found.presentName(canonical), tensor)
    else dropped.push({ name, reason: "a part of another detector's head" })
  }
  return { architecture: source.architecture, config: found?.config ?? null, tensors, dropped }
}

/** The detector whose head the weights hold; null where the studio does not build it. */
function ofTorchvision(weights: StateDict) {
  for (const { fromTorchvision, presentName = (name: string) => name } of detectors()) {
    const shapes = new Map([...weights].map(([name, { shape }]) => [presentName(name), shape]))
    const config = fromTorchvision?.((name) => shapes.get(name), torchvisionClasses)
    if (config) return { config: config as ModelConfig, presentName }
  }
  return null
}

/** COCO's category ids as class indices, 0 for the background. */
const COCO_OUTPUTS = 91

const torchvisionClasses = (count: number): ModelConfig['classes'] =>
  Array.from({ length: count }, (_, id) => {
    const coco = count === COCO_OUTPUTS ? COCO_CATEGORIES.get(id) : undefined
    return { id, name: id === 0 ? 'background' : (coco ?? `class ${id}`) }
  })

/** DataParallel and DistributedDataParallel put `module.` before each name. */
function withoutModule(weights: StateDict): StateDict {
  const prefix = 'module.'
  if (![...weights.keys()].every((name) => name.startsWith(prefix))) return weights
  return new Map([...weights].map(([name, tensor]) => [name.slice(prefix.length), tensor]))
}

/** Since version 2 of torchvision's FeaturePyramidNetwork each convolution lies in a Sequential. */
function currentPyramidName(name: string): string {
  return name.replace(/^(backbone\.fpn\.(?:inner|layer)_blocks\.\d+)\.(weight|bias)$/, '$1.0.$2')
}

/** efficientnet_pytorch: _bn0, _bn1 and _bn2 of a block belong to its expanding, depthwise and projecting convolutions. */
function lite0Name(name: string): string | null {
  const stem = /^(_conv_stem|_bn0)\.(\w+)$/.exec(name)
  if (stem) return `backbone.body.stem.${stem[1] === '_bn0' ? 'bn' : 'conv'}.${stem[2]}`
  const block = /^_blocks\.(\d+)\._(\w+)\.(\w+)$/.exec(name)
  const layer = block && LITE0_LAYERS[block[2]!]
  return layer ? `backbone.body.blocks.${block[1]}.${layer}.${block[3]}` : null
}

const LITE0_LAYERS: Readonly<Record<string, string>> = {
  expand_conv: 'expand.conv',
  bn0: 'expand.bn',
  depthwise_conv: 'depthwise.conv',
  bn1: 'depthwise.bn',
  project_conv: 'project.conv',
  bn2: 'project.bn',
}

function unknown(weights: StateDict): CodedError {
  const other = OTHERS.find(([mark]) => weights.has(mark))
  return new CodedError(
    'WEIGHTS_ARCHITECTURE',
    other
      ? `These are weights of ${other[1]}, whose ResNet strides in other convolutions and sees other colours`
      : `These weights belong to an unknown network: ${[...weights.keys()].slice(0, 3).join(', ')}, …`,
    "Use weights of torchvision's fcos_resnet50_fpn, retinanet_resnet50_fpn or resnet50, EfficientNet-Lite0, or a checkpoint of this program",
  )
}
