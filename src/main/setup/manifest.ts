/** The engine runtime's manifest, resources/runtime.json: which wheels contain TensorFlow's C library, and their hashes. */

import { readFileSync } from 'node:fs'
import { z } from 'zod'

const sha256 = z.string().regex(/^[0-9a-f]{64}$/)

const buildSchema = z.strictObject({
  device: z.enum(['cpu', 'gpu']),
  /** pip's platform tags, most specific first. */
  tags: z.array(z.string()).min(1),
  wheels: z.array(z.strictObject({ requirement: z.string(), sha256 })).min(1),
  /** The shared libraries that the binding links, as paths inside the wheel. */
  libraries: z.array(z.string()).min(1),
  /** Free space needed for provisioning: the largest wheel plus everything unpacked. */
  diskBytes: z.number().int().positive(),
})

const openvinoSchema = z.strictObject({
  requirement: z.string(),
  /** Shell patterns of what is needed of the wheel: the headers of the C library, and the libraries that load a model on a CPU. */
  members: z.array(z.string()),
  /** The library that the add-on links, as a path inside the wheel. */
  library: z.string(),
  diskBytes: z.number().int().positive(),
  /** By `platform-arch`. */
  builds: z.record(z.string(), z.strictObject({ tags: z.array(z.string()).min(1), sha256 })),
})

const manifestSchema = z.strictObject({
  tensorflow: z.string(),
  /** Shell patterns of the headers that the binding and the kernels include; `*` also matches `/`. */
  headers: z.array(z.string()),
  /** By `platform-arch-device`, with Node's names for platform and arch. */
  builds: z.record(z.string(), buildSchema),
  /** An optional accelerator of detection. */
  openvino: openvinoSchema,
})

export type RuntimeManifest = z.infer<typeof manifestSchema>
export type RuntimeBuild = z.infer<typeof buildSchema>

export function readRuntimeManifest(
  file: string | URL = new URL('../../../resources/runtime.json', import.meta.url),
): RuntimeManifest {
  return manifestSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
}
