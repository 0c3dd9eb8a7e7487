/**
 * A model on OpenVINO, on the CPU in bfloat16: for processors that multiply in it (AVX-512-BF16, AMX), where ONNX Runtime has
 * kernels for float32 alone. Setup fetches the library and builds the add-on where the processor gains by it.
 */
import { createRequire } from 'node:module'
import type { OpenvinoRecord } from '../../../core/contract/runtime.ts'
import { CodedError } from '../../../core/errors.ts'
import type { Runner } from '../detect/runner.ts'
import { engineModel } from '../onnx/model.ts'
import { outputNames, parametersOf, runnerOn, type Session } from '../onnx/session.ts'
import { runtimeRecord } from '../tensor/runtime-record.ts'
import type { Checkpoint } from '../weights/checkpoint.ts'

/** What openvino.cc exports. */
interface AddOn {
  /** @param threads '' leaves their number to OpenVINO. */
  compile(onnx: Uint8Array, precision: string, threads: string): Promise<Model>
  infer(
    model: Model,
    input: Float32Array,
    shape: readonly number[],
    outputs: readonly string[],
  ): Promise<Record<string, Float32Array>>
  /** In which the processor really computes. */
  precision(model: Model): string
  release(model: Model): void
}
type Model = { readonly __brand: 'OpenVINO' }

/** Set by whoever starts the engine and sees that the library must not be loaded: the reason. */
const { FCOS_NO_OPENVINO: fault, FCOS_THREADS: threads = '' } = process.env

/** What setup built, or why there is nothing. */
export function openvino(): OpenvinoRecord {
  return fault === undefined ? runtimeRecord().openvino : { missing: fault }
}

function installed(): Exclude<OpenvinoRecord, { missing: string }> {
  const record = openvino()
  if ('missing' in record)
    throw new CodedError('USAGE_RUNTIME', `There is no OpenVINO here: ${record.missing}`)
  return record
}

/**
 * What OpenVINO is given. It rounds the result of every convolution to bfloat16, but leaves what follows the last one in float32,
 * transposed convolutions among it. Ended in those, scores stay as fine as they are: if neighbours were rounded to the same score,
 * CenterNet would find several peaks in place of one.
 */
export const openvinoModel = (checkpoint: Checkpoint): Uint8Array => engineModel(checkpoint, false, true)

/** @throws CodedError USAGE_RUNTIME where it is not set up; Error where it does not load, or cannot run the model in bfloat16. */
export async function openvinoSession(model: Uint8Array, outputs: readonly string[]): Promise<Session> {
  const addOn: AddOn = createRequire(import.meta.url)(installed().addOn)
  const compiled = await addOn.compile(model, 'bf16', threads)
  const precision = addOn.precision(compiled)
  if (precision !== 'bf16') {
    addOn.release(compiled)
    throw new Error(`It computes in ${precision} on this CPU`)
  }
  return {
    run: (images, shape) => addOn.infer(compiled, images, shape, outputs),
    release: () => addOn.release(compiled),
  }
}

/** @throws as openvinoSession. */
export async function openvinoRunner(checkpoint: Checkpoint): Promise<Runner> {
  const { config } = checkpoint
  const session = await openvinoSession(openvinoModel(checkpoint), outputNames(config))
  const runtime = `OpenVINO ${installed().version}, CPU in bfloat16: boxes and scores differ slightly from float32`
  return runnerOn(session, { config, parameters: parametersOf(checkpoint), runtime })
}
