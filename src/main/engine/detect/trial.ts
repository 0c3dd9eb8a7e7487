/**
 * Runs a model on a GPU or on OpenVINO in a process of its own: a driver that crashes, or compiles shaders for minutes, or a library
 * that the processor does not suit, must not take the engine with it. Run as a program, this file is that process.
 */
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import type { Outputs } from '../../../core/detectors/detector.ts'
import { temporaryFolder } from '../../files/temporary-folder.ts'
import { complaintOf } from '../../process/complaint.ts'
import { run } from '../../process/run.ts'
import type { NetworkInput } from '../data/preprocess.ts'
import { type GpuRuntime, onnxSession } from '../onnx/session.ts'
import { openvinoSession } from '../openvino/session.ts'

const Task = z.object({
  on: z.enum(['webgpu', 'directml', 'coreml', 'openvino']),
  model: z.string(),
  input: z.string(),
  /** Of the model's one input. */
  shape: z.array(z.int()),
  /** Names of the outputs to read. */
  names: z.array(z.string()),
  outputs: z.string(),
})
type Task = z.infer<typeof Task>

const Answer = z.object({
  ms: z.number(),
  /** Number of values of each output, in the order of the file. */
  lengths: z.array(z.tuple([z.string(), z.int()])),
})
type Answer = z.infer<typeof Answer>

/** Runs after the first, which prepares the rest. The least time counts. */
const RUNS = 5

/**
 * @param model as engineModel writes it.
 * @param names of the outputs to read.
 * @returns the outputs of one pass and its time in milliseconds.
 * @throws Error with the reason in one line where the GPU or OpenVINO is missing, fails or takes longer than `limitMs` in all.
 */
export async function tryApart(
  on: GpuRuntime | 'openvino',
  model: Uint8Array,
  names: readonly string[],
  { images, width, height, sizes }: NetworkInput,
  limitMs: number,
): Promise<{ readonly ms: number; readonly outputs: Outputs }> {
  const folder = await temporaryFolder('trial')
  try {
    const file = (name: string) => join(folder, name)
    const task: Task = {
      ...{ on, names: [...names], model: file('model.onnx'), input: file('input'), outputs: file('outputs') },
      shape: [sizes.length, height, width, 3],
    }
    await writeFile(task.model, model)
    await writeFile(task.input, images)
    const start = performance.now()
    const { status, stdout, stderr } = await run(
      process.execPath,
      [fileURLToPath(import.meta.url), JSON.stringify(task)],
      { timeoutMs: limitMs },
    )
    if (status !== 0) {
      const isLate = performance.now() - start >= limitMs
      throw new Error(isLate ? `it takes longer than ${limitMs / 1000} s` : complaint(stderr))
    }
    const { ms, lengths } = Answer.parse(JSON.parse(stdout.trim().split('\n').at(-1)!))
    const { buffer, byteOffset, byteLength } = await readFile(task.outputs)
    const values = new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength))
    let from = 0
    const outputs = Object.fromEntries(
      lengths.map(([name, length]) => [name, values.subarray(from, (from += length))]),
    )
    return { ms, outputs }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The line of an error that says what is wrong; of ONNX Runtime's without the place in its source. */
function complaint(stderr: string): string {
  return (
    complaintOf(stderr)
      .replace(/^\w*Error:\s*/, '')
      .replace(/^.* was false\. /, '') || 'its process ended'
  )
}

async function main(task: Task): Promise<void> {
  const session =
    task.on === 'openvino'
      ? await openvinoSession(await readFile(task.model), task.names)
      : await onnxSession(task.model, task.on)
  const { buffer, byteOffset, byteLength } = await readFile(task.input)
  const images = new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength))
  let found = await session.run(images, task.shape)
  let ms = Infinity
  for (let i = 0; i < RUNS; i++) {
    const start = performance.now()
    found = await session.run(images, task.shape)
    ms = Math.min(ms, performance.now() - start)
  }
  const outputs = task.names.map((name) => [name, found[name]!] as const)
  await writeFile(
    task.outputs,
    outputs.map(([, values]) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength)),
  )
  const answer: Answer = { ms, lengths: outputs.map(([name, { length }]) => [name, length]) }
  console.log(JSON.stringify(answer))
  // Without waiting for the driver to close.
  process.exit()
}

if (import.meta.main) await main(Task.parse(JSON.parse(process.argv[2]!)))
