/** What set-up chose for this checkout and why: written by set-up, read by the engine and `fcos doctor`. */
import { z } from 'zod'

/** The record's place, relative to the package's root. */
export const RUNTIME_RECORD = 'node_modules/.fcos-runtime.json'

export const RuntimeRecord = z.object({
  tensorflow: z.string(),
  device: z.enum(['cpu', 'gpu']),
  /** The compiled tfjs-node binding in the per-user cache. */
  bindingPath: z.string().nullable(),
  /** The fused CPU kernels; null where they could not be built: the engine then uses stock operations. */
  kernelsPath: z.string().nullable(),
  libraryDirs: z.array(z.string()),
  cpuFlags: z.array(z.string()),
  chosenBecause: z.array(z.string()),
})
export type RuntimeRecord = z.infer<typeof RuntimeRecord>
