/**
 * Speed and memory of the ResNet-50 FCOS beside torchvision's, both in turn on this machine:
 *
 *   FCOS_PEER_PYTHON=…/bin/python FCOS_PEER_BENCH=…/bench_torchvision.py node tests/bench/r50.bench.ts [rounds]
 *
 * The peer prints one JSON line with infer_ms, train_step_ms and peak_mb, in float32. One JSON line on standard output:
 * medians over the rounds, and ratios to the peer's.
 */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { z } from 'zod'
import type { BenchResult } from '../../src/core/contract/engine.ts'
import { startEngine } from '../../src/main/studio/engine/spawn.ts'

const { FCOS_PEER_PYTHON: python, FCOS_PEER_BENCH: script } = process.env
const SIZE = { height: 800, width: 1088 }
const RUNS = 7

const PeerResult = z.object({
  infer_ms: z.number(),
  train_step_ms: z.number().optional(),
  peak_mb: z.number(),
})

async function peer(train: boolean): Promise<BenchResult> {
  const args = [
    script as string,
    '--height',
    `${SIZE.height}`,
    '--width',
    `${SIZE.width}`,
    '--runs',
    `${RUNS}`,
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
    const request = { method: 'bench', architecture: 'r50', ...SIZE, runs: RUNS, train } as const
    return await engine.call(request, () => {})
  } finally {
    await engine.close()
  }
}

const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1]

if (!python || !script) {
  console.error('Set FCOS_PEER_PYTHON and FCOS_PEER_BENCH to compare with torchvision')
  process.exit(2)
}

const contenders = {
  torchvision: { infer: () => peer(false), train: () => peer(true) },
  float32: { infer: () => ours(false, false), train: () => ours(false, true) },
  fastMath: { infer: () => ours(true, false), train: () => ours(true, true) },
}
const samples = Object.keys(contenders).map((name) => ({
  name,
  infer: [],
  train: [],
  inferMb: [],
  trainMb: [],
})) as {
  name: keyof typeof contenders
  infer: number[]
  train: number[]
  inferMb: number[]
  trainMb: number[]
}[]
const rounds = Number(process.argv[2] ?? 2)
for (let round = 0; round < rounds; round++) {
  for (const sample of samples) {
    const infer = await contenders[sample.name].infer()
    sample.infer.push(Math.min(...Object.values(infer.detectMs)))
    sample.inferMb.push(infer.peakMb)
    const train = await contenders[sample.name].train()
    sample.train.push(train.trainMs as number)
    sample.trainMb.push(train.peakMb)
    console.error(sample.name, JSON.stringify({ infer, train }))
  }
}
const medians = samples.map(({ name, ...of }) => ({
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
