/**
 * Speed and memory of a detector with a ResNet-50 beside torchvision's, both in turn on this machine:
 *
 *   FCOS_PEER_PYTHON=…/bin/python node tests/bench/r50.bench.ts [--detector retinanet] [--fast-math] [rounds]
 *
 * The Python has torch and torchvision, which run in float32. --fast-math runs a third contender, ours with faster sums. One JSON
 * line on standard output: medians over the rounds, and ratios to torchvision's.
 */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { z } from 'zod'
import type { BenchResult } from '../../src/core/contract/engine.ts'
import { startEngine } from '../../src/main/studio/engine/spawn.ts'

const { FCOS_PEER_PYTHON: python } = process.env
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    detector: { type: 'string', default: 'fcos' },
    'fast-math': { type: 'boolean', default: false },
  },
})
const SIZE = { height: 800, width: 1088 }
const RUNS = 7

const PeerResult = z.object({
  infer_ms: z.number(),
  train_step_ms: z.number().optional(),
  peak_mb: z.number(),
})

async function peer(train: boolean): Promise<BenchResult> {
  const script = fileURLToPath(new URL('torchvision_peer.py', import.meta.url))
  const { detector } = options
  const args = [
    script,
    ...Object.entries({ detector, ...SIZE, runs: RUNS }).flatMap(([key, value]) => [`--${key}`, `${value}`]),
  ]
  const { stdout } = await promisify(execFile)(python as string, train ? [...args, '--train'] : args)
  const result = PeerResult.parse(JSON.parse(stdout))
  return {
    detectMs: { tensorflow: result.infer_ms },
    trainMs: result.train_step_ms ?? null,
    peakMb: result.peak_mb,
    threads: 0,
  }
}

async function ours(fastMath: boolean, train: boolean): Promise<BenchResult> {
  const engine = await startEngine({ fastMath })
  try {
    const request = {
      method: 'bench',
      detector: options.detector,
      architecture: 'r50',
      ...SIZE,
      runs: RUNS,
      train,
    } as const
    return await engine.call(request, () => {})
  } finally {
    await engine.close()
  }
}

const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1]

if (!python) {
  console.error('Set FCOS_PEER_PYTHON to compare with torchvision')
  process.exit(2)
}

interface Contender {
  readonly name: string
  readonly run: (train: boolean) => Promise<BenchResult>
}
const contenders: readonly Contender[] = [
  { name: 'torchvision', run: peer },
  { name: 'float32', run: (train) => ours(false, train) },
  ...(options['fast-math'] ? [{ name: 'fastMath', run: (train: boolean) => ours(true, train) }] : []),
]
const samples = contenders.map((contender) => ({
  ...contender,
  infer: [] as number[],
  train: [] as number[],
  inferMb: [] as number[],
  trainMb: [] as number[],
}))
const rounds = Number(positionals[0] ?? 2)
for (let round = 0; round < rounds; round++) {
  for (const sample of samples) {
    const infer = await sample.run(false)
    sample.infer.push(Math.min(...Object.values(infer.detectMs)))
    sample.inferMb.push(infer.peakMb)
    const train = await sample.run(true)
    sample.train.push(train.trainMs as number)
    sample.trainMb.push(train.peakMb)
    console.error(sample.name, JSON.stringify({ infer, train }))
  }
}
const medians = samples.map(({ name, run: _, ...of }) => ({
  name,
  inferMs: median(of.infer),
  trainMs: median(of.train),
  inferMb: median(of.inferMb),
  trainMb: median(of.trainMb),
}))
const [base] = medians
const ratio = (value: number, to: number) => Math.round((100 * value) / to) / 100
console.log(
  JSON.stringify({
    size: SIZE,
    rounds,
    medians,
    ratios: medians.slice(1).map((of) => ({
      name: of.name,
      infer: ratio(of.inferMs, base.inferMs),
      train: ratio(of.trainMs, base.trainMs),
      inferMemory: ratio(of.inferMb, base.inferMb),
      trainMemory: ratio(of.trainMb, base.trainMb),
    })),
  }),
)
