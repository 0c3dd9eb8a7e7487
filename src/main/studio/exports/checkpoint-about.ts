/** What a weights file says of itself; nobody needs an engine to learn it. */
import { type FileHandle, open } from 'node:fs/promises'
import { z } from 'zod'
import { ModelConfig } from '../../../core/detectors/model-config.ts'
import { CodedError } from '../../../core/errors.ts'
import { decodeMetadata, headerEnd } from '../../../core/formats/safetensors.ts'

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

/** Null for weights that are no checkpoint of ours: their names alone say what they are. Throws WEIGHTS_NOT_FOUND. */
export async function aboutCheckpoint(path: string): Promise<CheckpointAbout | null> {
  const file = await open(path).catch((cause) => {
    throw new CodedError('WEIGHTS_NOT_FOUND', `${path} cannot be read`, 'Choose another model', { cause })
  })
  try {
    return About.parse(decodeMetadata(await start(file, headerEnd(await start(file, 8)))))
  } catch {
    return null
  } finally {
    await file.close()
  }
}

/** The first bytes of a file, or fewer where it is shorter. */
async function start(file: FileHandle, length: number): Promise<Uint8Array> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, 0)
  return buffer.subarray(0, bytesRead)
}
