/** What a file of weights says of the network that it belongs to, for whoever plans a training before an engine runs. */
import { readFile, stat } from 'node:fs/promises'
import type { Architecture } from '../../../core/contract/studio/runs.ts'
import { CodedError } from '../../../core/errors.ts'
import { WEIGHT_SOURCES } from '../../../core/training/weight-sources.ts'

/** By path, size and time of the last change: a plan is proposed anew with every change of a field. */
const known = new Map<string, Promise<Architecture>>()

/**
 * Throws USAGE_NO_FILE, and WEIGHTS_ARCHITECTURE for a file without the names of tensors that this program knows. Names
 * stand in the file as plain text, in safetensors as well as in what torch.save writes.
 */
export async function architectureOfFile(path: string): Promise<Architecture> {
  const { size, mtimeMs } = await stat(path).catch((cause) => {
    throw new CodedError('USAGE_NO_FILE', `There is no weights file ${path}`, 'Choose another', { cause })
  })
  const key = `${path} ${size} ${mtimeMs}`
  const reading = known.get(key) ?? look(path)
  known.set(key, reading)
  reading.catch(() => known.delete(key))
  return reading
}

async function look(path: string): Promise<Architecture> {
  const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    throw new CodedError(
      'WEIGHTS_NOT_FOUND',
      `${path}: it cannot be read (${cause.code})`,
      'Choose another',
      { cause },
    )
  })
  const source = WEIGHT_SOURCES.find(({ mark }) => bytes.includes(mark))
  if (source) return source.architecture
  throw new CodedError(
    'WEIGHTS_ARCHITECTURE',
    `${path}: these are no weights of a network that this program knows`,
    "Take weights of torchvision's fcos_resnet50_fpn or resnet50, EfficientNet-Lite0, or a checkpoint of this program",
  )
}
