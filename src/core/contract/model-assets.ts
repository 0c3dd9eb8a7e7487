/**
 * The outputs of a model for an image, as files: fetched by windows from /asset/ (image-assets.ts) and kept in the cache.
 * They are safetensors files, which programs in other languages read too; L locations, K classes, M candidates, C channels.
 *
 *   maps         each of the head's raw outputs by name [L,channels], its parameters by name, embedding [C]
 *   candidates   boxes [M,4], class_scores [M], locations [M], labels [M], levels [M], embedding [C], and by name what else
 *                the detector predicts of each; of an image in tiles, tile [M]: its index in the metadata's `tiles`
 *
 * Of FCOS: logits [L,K], regression [L,4], centerness [L], scales [levels] where the model has them; candidates have
 * centerness [M]. core/detectors says what they mean. The metadata's `about` is JSON of ModelOutput.
 */
import { z } from 'zod'
import { detectorOf, ModelConfig } from '../detectors/detectors.ts'
import type { Candidates } from '../detectors/shared/candidates.ts'
import { CodedError } from '../errors.ts'
import { decodeSafetensors, encodeSafetensors, type Tensor } from '../formats/safetensors.ts'
import { tensorOf } from '../formats/tensor-values.ts'
import type { Pyramid } from '../pyramid/levels.ts'
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

export type ImageMaps = ModelOutput & Pick<MapsResult, 'outputs' | 'parameters' | 'embedding'>
const Tiles = z.array(Size.extend({ x: z.number(), y: z.number() })).readonly()

export type ImageCandidates = ModelOutput & {
  readonly candidates: Candidates
  readonly embedding: Float32Array
}

export function encodeMaps({ outputs, parameters, embedding, ...about }: ImageMaps): Uint8Array<ArrayBuffer> {
  const { locations } = gridOf(about)
  return encode(about, {
    ...tensorsOf(outputs, locations),
    embedding: tensorOf(embedding, [embedding.length]),
    ...mapValues(parameters, (values) => tensorOf(values, [values.length])),
  })
}

/** @throws CodedError WEIGHTS_* of decodeSafetensors, IO_MODEL_OUTPUT. */
export function decodeMaps(file: Uint8Array): ImageMaps {
  const { about, tensor } = decode(file)
  const { config } = about.model
  const { towers, parameters } = detectorOf(config).head(config)
  const named = (all: readonly { readonly name: string }[]) =>
    Object.fromEntries(all.map(({ name }) => [name, tensor(name, Float32Array)]))
  return {
    ...about,
    outputs: named(towers.flatMap(({ outputs }) => outputs)),
    parameters: named(parameters),
    embedding: tensor('embedding', Float32Array),
  }
}

export function encodeCandidates({
  candidates,
  embedding,
  ...about
}: ImageCandidates): Uint8Array<ArrayBuffer> {
  const { boxes, classScores, locations, labels, levels, parts, tiling } = candidates
  const shape = [levels.length]
  const tiles: Record<string, string> = tiling ? { tiles: JSON.stringify(tiling.tiles) } : {}
  const tensors = {
    boxes: tensorOf(boxes, [levels.length, 4]),
    class_scores: tensorOf(classScores, shape),
    ...tensorsOf(parts, levels.length),
    locations: tensorOf(locations, shape),
    labels: tensorOf(labels, shape),
    levels: tensorOf(levels, shape),
    embedding: tensorOf(embedding, [embedding.length]),
    ...(tiling && { tile: tensorOf(tiling.of, shape) }),
  }
  return encode(about, tensors, tiles)
}

const CANDIDATE_TENSORS = ['boxes', 'class_scores', 'locations', 'labels', 'levels', 'embedding', 'tile']

/** @throws CodedError WEIGHTS_* of decodeSafetensors, IO_MODEL_OUTPUT. */
export function decodeCandidateFile(file: Uint8Array): ImageCandidates {
  const { about, tensor, names, metadata } = decode(file)
  const tiles = metadata.tiles === undefined ? null : Tiles.safeParse(JSON.parse(metadata.tiles)).data
  if (tiles === undefined) throw damaged()
  const { quality, score, suppression } = detectorOf(about.model.config)
  const classScores = tensor('class_scores', Float32Array)
  const qualities = quality && tensor(quality.name, Float32Array)
  const others = names.filter((name) => !CANDIDATE_TENSORS.includes(name))
  return {
    ...about,
    candidates: {
      boxes: tensor('boxes', Float32Array),
      classScores,
      scores: classScores.map((p, i) => score(p, qualities?.[i] ?? 1)),
      suppression: suppression?.(about.model.config),
      parts: Object.fromEntries(others.map((name) => [name, tensor(name, Float32Array)])),
      locations: tensor('locations', Int32Array),
      labels: tensor('labels', Int32Array),
      levels: tensor('levels', Uint8Array),
      ...(tiles && { tiling: { image: about.image, tiles, of: tensor('tile', Int32Array) } }),
    },
    embedding: tensor('embedding', Float32Array),
  }
}

/** Where the model's locations lie. */
export const gridOf = ({ input, model: { config } }: Pick<ModelOutput, 'input' | 'model'>): Pyramid =>
  detectorOf(config).grid(input, config)

const mapValues = <T, U>(record: Readonly<Record<string, T>>, of: (value: T) => U): Record<string, U> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, of(value)]))

/** [rows] or [rows,columns] */
const tensorsOf = (values: Readonly<Record<string, Float32Array>>, rows: number): Record<string, Tensor> =>
  mapValues(values, (of) =>
    tensorOf(of, of.length === rows ? [rows] : [rows, rows === 0 ? 0 : of.length / rows]),
  )

function encode(
  about: ModelOutput,
  tensors: Record<string, Tensor>,
  more: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const { image, resized, input, model } = about
  return encodeSafetensors(Object.entries(tensors), {
    about: JSON.stringify({ image, resized, input, model }),
    ...more,
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
  return { about: about.data, tensor, names: [...tensors.keys()], metadata }
}

const damaged = (): CodedError =>
  new CodedError('IO_MODEL_OUTPUT', 'The output of the model for this image cannot be read')
