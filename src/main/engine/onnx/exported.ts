/** An exported ONNX file as a model to detect with. */
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { OnnxPrecision } from '../../../core/contract/engine.ts'
import { ModelConfig } from '../../../core/detectors/detectors.ts'
import { CodedError } from '../../../core/errors.ts'
import { decodeOnnxMetadata } from '../../../core/formats/onnx-metadata.ts'
import type { Runner } from '../detect/runner.ts'
import type { Checkpoint } from '../weights/checkpoint.ts'
import { EngineParts, engineModelOf } from './model.ts'
import { onnxSession, onnxVersion, runnerOn } from './session.ts'

const parsed = <T extends z.ZodType>(schema: T) =>
  z
    .string()
    .transform((text) => JSON.parse(text) as unknown)
    .pipe(schema)

const Metadata = z.object({
  config: parsed(ModelConfig),
  precision: OnnxPrecision,
  thresholds: parsed(z.array(z.number())).optional(),
  training: parsed(z.record(z.string(), z.unknown())).optional(),
  parts: parsed(EngineParts),
})

export interface ExportedModel extends Pick<Checkpoint, 'thresholds' | 'training'> {
  readonly runner: Runner
}

/** @throws CodedError WEIGHTS_FORMAT where the file is no export of this program; USAGE_RUNTIME where another runtime is forced. */
export async function openExported(path: string): Promise<ExportedModel> {
  const forced = process.env.FCOS_RUNTIME
  if (forced !== undefined && forced !== 'onnx')
    throw new CodedError(
      'USAGE_RUNTIME',
      `${path} is an ONNX file, which ONNX Runtime runs on the CPU`,
      'Leave --runtime out, or detect with the checkpoint that it was exported from',
    )
  const file = await readFile(path)
  const { config, precision, parts, thresholds, training } = metadataOf(path, file)
  try {
    const session = await onnxSession(engineModelOf(file, { config }, parts))
    const parameters = Object.fromEntries(
      Object.entries(parts.parameters).map(([name, values]) => [name, Float32Array.from(values)]),
    )
    const runtime = `ONNX Runtime ${await onnxVersion()}, CPU, ${precision}`
    return { runner: runnerOn(session, { config, parameters, runtime }), thresholds, training }
  } catch (cause) {
    const why = (cause as Error).message.split('\n')[0]
    throw new CodedError('WEIGHTS_FORMAT', `${path}: the file is damaged: ${why}`, 'Export it again', {
      cause,
    })
  }
}

function metadataOf(path: string, file: Uint8Array): z.infer<typeof Metadata> {
  try {
    return Metadata.parse(decodeOnnxMetadata(file))
  } catch (cause) {
    throw new CodedError(
      'WEIGHTS_FORMAT',
      `${path}: this ONNX file does not say what this program would need to detect with it`,
      'Only files that this version exported can be used: export the checkpoint again',
      { cause },
    )
  }
}
