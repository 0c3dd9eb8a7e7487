/**
 * A trained detector in one safetensors file: weights under the model's names (torchvision's for r50) and, in the
 * metadata, the configuration without which they mean nothing.
 */
import { z } from 'zod'
import { ModelConfig } from '../../../core/detectors/detectors.ts'
import { torchvisionConfig } from '../../../core/detectors/fcos/presets.ts'
import { CodedError } from '../../../core/errors.ts'
import { COCO_CATEGORIES } from '../../../core/formats/coco-categories.ts'
import { encodeSafetensors } from '../../../core/formats/safetensors.ts'
import { replaceFile } from '../../files/replace-file.ts'
import { modelTensors } from '../model/tensors.ts'
import { requireFinite } from './finite.ts'
import { canonicalNames, type NamedWeights } from './names.ts'
import { partialLoad } from './partial-load.ts'
import { readWeights } from './read-weights.ts'
import type { StateDict } from './state-dict.ts'

export interface Checkpoint {
  readonly config: ModelConfig
  readonly tensors: StateDict
  /** What the training wants to keep beside the weights: step, AP, data set. Plain JSON. */
  readonly training?: Readonly<Record<string, unknown>> | undefined
  /** [K] least score of each class that its maker recommends. */
  readonly thresholds?: readonly number[] | undefined
  /** The model card, Markdown. */
  readonly card?: string | undefined
}

const FORMAT = 'fcos-studio'
const VERSION = 1
const CLASSIFIER_BIAS = 'head.classification_head.cls_logits.bias'
/** COCO's category ids as class indices, 0 for the background. */
const COCO_OUTPUTS = 91

const json = z.string().transform((text, context) => {
  try {
    return JSON.parse(text) as unknown
  } catch {
    context.addIssue({ code: 'custom', message: 'not JSON' })
    return z.NEVER
  }
})

/** The metadata's values are texts; safetensors allows no others. */
const Metadata = z.object({
  format: z.literal(FORMAT),
  version: z.coerce.number().pipe(z.int().positive()),
  config: json.pipe(ModelConfig),
  training: json.pipe(z.record(z.string(), z.unknown())).optional(),
  thresholds: json.pipe(z.array(z.number())).optional(),
  card: z.string().optional(),
})

/** Replaces `path` in one step. Throws IO_DISK_FULL or IO_WRITE and leaves the old file. */
export async function writeCheckpoint(
  path: string,
  { config, tensors, training, thresholds, card }: Checkpoint,
): Promise<void> {
  const metadata: Record<string, string> = {
    format: FORMAT,
    version: String(VERSION),
    config: JSON.stringify(config),
  }
  if (training) metadata.training = JSON.stringify(training)
  if (thresholds) metadata.thresholds = JSON.stringify(thresholds)
  if (card !== undefined) metadata.card = card
  await replaceFile(path, encodeSafetensors(tensors, metadata), `${path}.partial`)
}

/** What a file of weights offers to a training, all of a detector or only some. */
export interface StartingWeights extends Omit<NamedWeights, 'scope'> {
  /** The detector's; null for a backbone, whatever was on top of it. */
  readonly config: ModelConfig | null
}

/**
 * Reads a checkpoint, or weights of another program. Those of torchvision's fcos_resnet50_fpn are taken in torchvision's
 * dialect with the class indices as category ids. Throws WEIGHTS_… errors; see readWeights and canonicalNames.
 */
export async function readStartingWeights(path: string): Promise<StartingWeights> {
  const { tensors, metadata } = await readWeights(path)
  const { scope, ...named } = canonicalNames(tensors)
  if (metadata.format !== FORMAT)
    return { ...named, config: scope === 'detector' ? foreign(named.tensors) : null }
  const { config } = own(path, metadata, tensors)
  return { architecture: config.architecture, config, tensors, dropped: [] }
}

/** The same, of a detector that is there in whole and can detect as it is. */
export async function readCheckpoint(path: string): Promise<Checkpoint> {
  const { tensors, metadata } = await readWeights(path)
  const checkpoint = metadata.format === FORMAT ? own(path, metadata, tensors) : foreignCheckpoint(tensors)
  const { loaded, reinitialised } = partialLoad(modelTensors(checkpoint.config), checkpoint.tensors)
  const [lacking] = reinitialised
  if (lacking) {
    const whose = metadata.format === FORMAT ? 'its configuration' : "torchvision's fcos_resnet50_fpn"
    throw new CodedError(
      'WEIGHTS_INCOMPLETE',
      `${path}: these are not all weights of ${whose} (${lacking.name}: ${lacking.reason})`,
      'They can serve to start a training, which loads what fits',
    )
  }
  requireFinite(path, loaded)
  return checkpoint
}

function own(path: string, metadata: Readonly<Record<string, string>>, tensors: StateDict): Checkpoint {
  if (Number(metadata.version) > VERSION) {
    throw new CodedError(
      'WEIGHTS_VERSION',
      `${path}: the checkpoint was written by a newer version of this program`,
      'Update the program',
    )
  }
  const parsed = Metadata.safeParse(metadata)
  if (!parsed.success) {
    const why = z.prettifyError(parsed.error).replaceAll(/\s+/g, ' ')
    throw new CodedError(
      'WEIGHTS_METADATA',
      `${path}: the configuration inside the checkpoint is wrong: ${why}`,
    )
  }
  const { config, training, thresholds, card } = parsed.data
  return { config, tensors, training, thresholds, card }
}

function foreignCheckpoint(weights: StateDict): Checkpoint {
  const { tensors } = canonicalNames(weights)
  return { config: foreign(tensors), tensors }
}

function foreign(tensors: StateDict): ModelConfig {
  const outputs = tensors.get(CLASSIFIER_BIAS)?.shape[0] ?? COCO_OUTPUTS
  return torchvisionConfig(Array.from({ length: outputs }, (_, id) => ({ id, name: className(id, outputs) })))
}

function className(index: number, outputs: number): string {
  if (index === 0) return 'background'
  return (outputs === COCO_OUTPUTS ? COCO_CATEGORIES.get(index) : undefined) ?? `class ${index}`
}
