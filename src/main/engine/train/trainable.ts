/**
 * Which tensors learn: everything from a chosen depth on to the predictors. BatchNorm stays frozen, and so do ResNet-50's
 * stem and first stage, as torchvision keeps them.
 */

import { LEARNING_DEPTHS, type LearningDepth } from '../../../core/contract/training.ts'
import type { Detector, HeadDescription } from '../../../core/detectors/detector.ts'
import { LITE0_STAGE_OF_BLOCK } from '../model/efficientnet-lite0-spec.ts'
import type { Network } from '../model/network.ts'
import { UPSAMPLING_ROOT } from '../model/tensors.ts'

/** The depth at which a tensor begins to learn; null if it never does. */
function depthOf(name: string, head: HeadDescription, quality: Detector['quality']): LearningDepth | null {
  const { towers, parameters } = head
  if (/running_(mean|var)$/.test(name)) return null
  if (qualityRoots(head, quality).some((root) => name.startsWith(`${root}.`))) return 'quality'
  const last = [...towers.flatMap(({ outputs }) => outputs), ...parameters]
  if (last.some(({ tensor }) => name === tensor || name.startsWith(`${tensor}.`))) return 'predictors'
  if (name.startsWith('head.')) return 'head'
  if (name.startsWith('backbone.fpn.') || name.startsWith(UPSAMPLING_ROOT)) return 'fpn'
  if (/\.(bn\d?|downsample\.1)\./.test(name)) return null
  const layer = name.match(/\.body\.layer(\d)\./)
  if (layer) return layer[1] === '1' ? null : (`c${Number(layer[1]) + 1}` as LearningDepth)
  const block = name.match(/\.body\.blocks\.(\d+)\./)
  if (block) return LITE0_STAGE_OF_BLOCK[Number(block[1])]
  return name.includes('.body.stem.') ? 'c2' : null
}

/** What the names of the quality branch's tensors begin with: its convolution, or the tower that it has for itself. */
export function qualityRoots({ towers }: HeadDescription, quality: Detector['quality']): string[] {
  return towers.flatMap(({ root, outputs }) => {
    const own = outputs.filter(({ name }) => name === quality?.name)
    return own.length === outputs.length ? own.map(() => root) : own.map(({ tensor }) => tensor)
  })
}

export function chooseTrainable(model: Network, from: LearningDepth): void {
  const limit = LEARNING_DEPTHS.indexOf(from)
  for (const parameter of model.parameters) {
    const depth = depthOf(parameter.name, model.head, model.detector.quality)
    parameter.trainable = depth !== null && LEARNING_DEPTHS.indexOf(depth) <= limit
  }
}
