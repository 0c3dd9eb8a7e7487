/** Reads what a weights file says about itself, without an engine. */
import { type FileHandle, open, readFile, stat } from 'node:fs/promises'
import { z } from 'zod'
import type { Architecture } from '../../../core/detectors/architectures.ts'
import { ModelConfig } from '../../../core/detectors/detectors.ts'
import { CodedError } from '../../../core/errors.ts'
import { decodeOnnxMetadata, isOnnx, ONNX_METADATA_BYTES } from '../../../core/formats/onnx-metadata.ts'
import { decodeMetadata, headerEnd } from '../../../core/formats/safetensors.ts'
import { WEIGHT_SOURCES } from '../../../core/training/weight-sources.ts'
import { requireWeightsFile } from '../../files/weights-file.ts'

const parsed = <T extends z.ZodType>(schema: T) =>
  z
    .string()
    .transform((text) => JSON.parse(text) as unknown)
    .pipe(schema)

const About = z.object({
  config: parsed(ModelConfig),
  thresholds: parsed(z.array(z.number())).optional(),
  card: z.string().optional(),
})
export type CheckpointAbout = z.infer<typeof About>

/**
 * Of a checkpoint or an exported ONNX file. Null for weights that are no checkpoint of this program; only the names of their tensors
 * describe them. Throws WEIGHTS_NOT_FOUND.
 */
export async function aboutCheckpoint(path: string): Promise<CheckpointAbout | null> {
  requireWeightsFile(path)
  const file = await open(path).catch((cause) => {
    throw new CodedError('WEIGHTS_NOT_FOUND', `${path} cannot be read`, 'Choose another model', { cause })
  })
  try {
    const first = await start(file, 8)
    if (isOnnx(first)) return About.parse(decodeOnnxMetadata(await start(file, ONNX_METADATA_BYTES)))
    return About.parse(decodeMetadata(await start(file, headerEnd(first))))
  } catch {
    return null
  } finally {
    await file.close()
  }
}

/** The first bytes of a file, or all of a shorter one. */
async function start(file: FileHandle, length: number): Promise<Uint8Array> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, 0)
  return buffer.subarray(0, bytesRead)
}

/** Cached by path, size and time of the last change, because every change of a field proposes a new plan. */
const known = new Map<string, Promise<FileOrigin>>()

export interface FileOrigin {
  readonly architecture: Architecture
  /** Whether the file has a complete pyramid, and from which feature map its P6 is computed. */
  readonly pyramid: 'P5' | 'C5' | null
}

/**
 * Throws USAGE_NO_FILE, and WEIGHTS_ARCHITECTURE for a file without the names of tensors that this program knows. Names
 * stand in the file as plain text, in safetensors as well as in what torch.save writes.
 */
export async function originOfFile(path: string): Promise<FileOrigin> {
  requireWeightsFile(path, 'USAGE_NO_FILE')
  const { size, mtimeMs } = await stat(path)
  const key = `${path} ${size} ${mtimeMs}`
  const reading = known.get(key) ?? look(path)
  known.set(key, reading)
  reading.catch(() => known.delete(key))
  return reading
}

export const architectureOfFile = async (path: string): Promise<Architecture> =>
  (await originOfFile(path)).architecture

/** torchvision's second RetinaNet has norms in its towers and computes P6 from C5. */
const MADE_OF_C5 = 'head.classification_head.conv.0.1.weight'

async function look(path: string): Promise<FileOrigin> {
  const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    throw new CodedError(
      'WEIGHTS_NOT_FOUND',
      `${path}: it cannot be read (${cause.code})`,
      'Choose another',
      { cause },
    )
  })
  // Its tensors have the same names, but are folded or quantised.
  const source = isOnnx(bytes) ? undefined : WEIGHT_SOURCES.find(({ mark }) => bytes.includes(mark))
  if (source) {
    const isWhole = bytes.includes('backbone.fpn.extra_blocks.p6.weight')
    const pyramid = isWhole ? (bytes.includes(MADE_OF_C5) ? 'C5' : 'P5') : null
    return { architecture: source.architecture, pyramid }
  }
  throw new CodedError(
    'WEIGHTS_ARCHITECTURE',
    `${path}: these are not weights of a network that this program supports`,
    "Use weights of torchvision's fcos_resnet50_fpn or resnet50, EfficientNet-Lite0, or a checkpoint of this program",
  )
}
