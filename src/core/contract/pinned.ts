/**
 * What a run's model of some step predicts for a pinned image, as a file in safetensors' format:
 *
 *   /asset/run/<run id>/pinned/<index>?step=<step>
 *
 * class_scores [L] U8, p̂ of the best class, and the detector's quality by its name (centerness), in 255ths, enough for a heat
 * map; the metadata's `predictions` is the rest in JSON.
 */
import { z } from 'zod'
import { decodeSafetensors, encodeSafetensors } from '../formats/safetensors.ts'
import type { PinnedPredictions } from './engine/training.ts'
import { Box } from './studio/values.ts'

const SizeValue = z.object({ width: z.number(), height: z.number() })

const Predictions = z.object({
  step: z.int(),
  index: z.int(),
  image: SizeValue,
  resized: SizeValue,
  input: SizeValue,
  detections: z.array(z.object({ box: Box, categoryId: z.int(), score: z.number() })).readonly(),
})

export interface PinnedView extends z.infer<typeof Predictions> {
  /** [L] in 255ths, by name */
  readonly maps: Readonly<Record<string, Uint8Array>>
}

const in255ths = (shares: Float32Array): Uint8Array =>
  Uint8Array.from(shares, (share) => Math.round(255 * share))

export function encodePinned({ maps, ...rest }: PinnedPredictions): Uint8Array {
  const tensor = (values: Float32Array) => ({
    dtype: 'U8' as const,
    shape: [values.length],
    bytes: in255ths(values),
  })
  const tensors = Object.entries(maps).map(([name, shares]) => [name, tensor(shares)] as const)
  return encodeSafetensors(tensors, { predictions: JSON.stringify(rest) })
}

/** Throws where the file is something else. */
export function decodePinned(file: Uint8Array): PinnedView {
  const { tensors, metadata } = decodeSafetensors(file)
  return {
    ...Predictions.parse(JSON.parse(metadata.predictions ?? 'null')),
    maps: Object.fromEntries([...tensors].map(([name, { bytes }]) => [name, bytes])),
  }
}
