/**
 * What a model makes of an image, as files: fetched by windows from /asset/ (assets.ts) and kept in the cache. They are
 * safetensors files, which programs in other languages read too; L locations, K classes, M candidates, C channels.
 *
 *   maps         logits [L,K], regression [L,4], centerness [L], scales [levels] where the model has them, embedding [C]
 *   candidates   boxes [M,4], class_scores [M], centerness [M], locations [M], labels [M], levels [M], embedding [C]
 *
 * core/detectors/fcos/decode.ts says what they mean. The metadata's `about` is JSON of ModelOutput.
 */
import { z } from 'zod'
import type { Candidates, ImageOutputs } from '../detectors/fcos/decode.ts'
import { ModelConfig } from '../detectors/model-config.ts'
import { CodedError } from '../errors.ts'
import { decodeSafetensors, encodeSafetensors, type Tensor } from '../formats/safetensors.ts'
import { tensorOf } from '../formats/tensor-values.ts'
import type { MapsResult } from './engine/detection.ts'

const Size = z.object({ width: z.number(), height: z.number() })

/** Frame and ModelInfo of the engine, and how long it took. */
export const ModelOutput = z.object({
  image: Size,
  resized: Size,
  input: Size,
  model: z.object({ config: ModelConfig, thresholds: z.array(z.number()).readonly().nullable() }),
})
export type ModelOutput = z.infer<typeof ModelOutput>

export type ImageMaps = ModelOutput & Pick<MapsResult, 'outputs' | 'scales' | 'embedding'>
export type ImageCandidates = ModelOutput & {
  readonly candidates: Candidates
  readonly embedding: Float32Array
}

export function encodeMaps({ outputs, scales, embedding, ...about }: ImageMaps): Uint8Array<ArrayBuffer> {
  const { logits, regression, centerness } = outputs
  const locations = centerness.length
  return encode(about, {
    logits: tensorOf(logits, [locations, logits.length / locations]),
    regression: tensorOf(regression, [locations, 4]),
    centerness: tensorOf(centerness, [locations]),
    embedding: tensorOf(embedding, [embedding.length]),
    ...(scales && { scales: tensorOf(scales, [scales.length]) }),
  })
}

/** @throws CodedError WEIGHTS_* of decodeSafetensors, IO_MODEL_OUTPUT. */
export function decodeMaps(file: Uint8Array): ImageMaps {
  const { about, tensor, has } = decode(file)
  const outputs: ImageOutputs = {
    logits: tensor('logits', Float32Array),
    regression: tensor('regression', Float32Array),
    centerness: tensor('centerness', Float32Array),
  }
  const scales = has('scales') ? tensor('scales', Float32Array) : null
  return { ...about, outputs, scales, embedding: tensor('embedding', Float32Array) }
}

export function encodeCandidates({
  candidates,
  embedding,
  ...about
}: ImageCandidates): Uint8Array<ArrayBuffer> {
  const { boxes, classScores, centerness, locations, labels, levels } = candidates
  const shape = [levels.length]
  return encode(about, {
    boxes: tensorOf(boxes, [levels.length, 4]),
    class_scores: tensorOf(classScores, shape),
    centerness: tensorOf(centerness, shape),
    locations: tensorOf(locations, shape),
    labels: tensorOf(labels, shape),
    levels: tensorOf(levels, shape),
    embedding: tensorOf(embedding, [embedding.length]),
  })
}

/** @throws CodedError WEIGHTS_* of decodeSafetensors, IO_MODEL_OUTPUT. */
export function decodeCandidateFile(file: Uint8Array): ImageCandidates {
  const { about, tensor } = decode(file)
  return {
    ...about,
    candidates: {
      boxes: tensor('boxes', Float32Array),
      classScores: tensor('class_scores', Float32Array),
      centerness: tensor('centerness', Float32Array),
      locations: tensor('locations', Int32Array),
      labels: tensor('labels', Int32Array),
      levels: tensor('levels', Uint8Array),
    },
    embedding: tensor('embedding', Float32Array),
  }
}

function encode(about: ModelOutput, tensors: Record<string, Tensor>): Uint8Array<ArrayBuffer> {
  const { image, resized, input, model } = about
  return encodeSafetensors(Object.entries(tensors), {
    about: JSON.stringify({ image, resized, input, model }),
  })
}

type Values = Float32Array | Int32Array | Uint8Array

function decode(file: Uint8Array) {
  const { metadata, tensors } = decodeSafetensors(file)
  const about = ModelOutput.safeParse(JSON.parse(metadata.about ?? 'null'))
  if (!about.success) throw damaged()
  const tensor = <T extends Values>(
    name: string,
    Type: { new (buffer: ArrayBufferLike, offset: number, length: number): T; BYTES_PER_ELEMENT: number },
  ): T => {
    const found = tensors.get(name)
    if (!found) throw damaged()
    const { BYTES_PER_ELEMENT } = Type
    const bytes = found.bytes.byteOffset % BYTES_PER_ELEMENT === 0 ? found.bytes : found.bytes.slice()
    return new Type(bytes.buffer, bytes.byteOffset, bytes.length / BYTES_PER_ELEMENT)
  }
  return { about: about.data, tensor, has: (name: string) => tensors.has(name) }
}

const damaged = (): CodedError =>
  new CodedError('IO_MODEL_OUTPUT', 'What the model made of this image cannot be read')
