/**
 * A trained detector in one safetensors file: weights under the model's names (torchvision's for r50) and, in the
 * metadata, the configuration without which they mean nothing.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { z } from 'zod'
import type { ExportModelRequest } from '../../../core/contract/engine.ts'
import { detectorOf, ModelConfig } from '../../../core/detectors/detectors.ts'
import { CodedError } from '../../../core/errors.ts'
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

/**
 * Reads what a file of weights offers to a training, all of a detector or only some: a checkpoint, or weights of another program.
 * Those of torchvision's detectors are taken in torchvision's dialect with the class indices as category ids. Throws WEIGHTS_…
 * errors; see readWeights and canonicalNames.
 */
export async function readStartingWeights(path: string): Promise<NamedWeights> {
  const { tensors, metadata } = await readWeights(path)
  if (metadata.format !== FORMAT) return foreign(path, tensors)
  const { config } = own(path, metadata, tensors)
  return { architecture: config.architecture, config, tensors, dropped: [] }
}

/** The same, of a detector that is there in whole and can detect as it is. */
export async function readCheckpoint(path: string): Promise<Checkpoint> {
  const { tensors, metadata } = await readWeights(path)
  const isOwn = metadata.format === FORMAT
  const checkpoint = isOwn ? own(path, metadata, tensors) : wholeDetector(path, await foreign(path, tensors))
  const { loaded, reinitialised } = partialLoad(modelTensors(checkpoint.config), checkpoint.tensors)
  const [lacking] = reinitialised
  if (lacking) {
    const whose = isOwn
      ? 'its configuration'
      : `torchvision's ${detectorOf(checkpoint.config).torchvision(checkpoint.config)}`
    throw new CodedError(
      'WEIGHTS_INCOMPLETE',
      `${path}: these are not all weights of ${whose} (${lacking.name}: ${lacking.reason})`,
      'They can serve to start a training, which loads what fits',
    )
  }
  requireFinite(path, loaded)
  return checkpoint
}

function wholeDetector(path: string, { config, tensors }: NamedWeights): Checkpoint {
  if (config) return { config, tensors }
  throw new CodedError(
    'WEIGHTS_INCOMPLETE',
    `${path}: these are not all weights of a detector, but of a backbone alone or with another detector's head`,
    'They can serve to start a training, which loads what fits',
  )
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

/**
 * torchvision's COCO weights of its first RetinaNet were trained with a BatchNorm whose ε is 0, and it sets that when it loads them.
 * Nothing in the file says so.
 */
const TRAINED_WITHOUT_EPSILON = 'eeacb38b7cec8cf93c57867e05eaab621047f19b0d2ec5accaa405f690da15b7'

/** Weights of another program. */
async function foreign(path: string, weights: StateDict): Promise<NamedWeights> {
  const named = canonicalNames(weights)
  const { config } = named
  if (config?.architecture !== 'r50' || (await sha256(path)) !== TRAINED_WITHOUT_EPSILON) return named
  return { ...named, config: { ...config, batchNormEpsilon: 0 } }
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk)
  return hash.digest('hex')
}

/**
 * Writes a checkpoint again with per-class thresholds and a model card. Weights of other programs become a checkpoint of
 * this one.
 *
 * @throws CodedError WEIGHTS_* as readCheckpoint, USAGE_THRESHOLDS, IO_DISK_FULL, IO_WRITE.
 */
export async function exportModel({ model, out, thresholds, card }: ExportModelRequest): Promise<void> {
  const checkpoint = await readCheckpoint(model)
  const classes = checkpoint.config.classes.length
  if (thresholds && thresholds.length !== classes) {
    throw new CodedError(
      'USAGE_THRESHOLDS',
      `${thresholds.length} thresholds for the ${classes} classes of ${model}`,
      'Give one for each class',
    )
  }
  await writeCheckpoint(out, {
    ...checkpoint,
    thresholds: thresholds ?? checkpoint.thresholds,
    card: card ?? checkpoint.card,
  })
}
