/**
 * The sample trained by the engine, in PyTorch in one process and in two, and by two workers of a Ray cluster of this machine, each
 * by the command that a user types; and how much their logs, metrics and checkpoints differ:
 *
 *   FCOS_JOB_PYTHON=PY node tests/bench/jobs.bench.ts [STEPS]
 *
 * Without STEPS the run is as long as the preset has it. AdamW makes steps of the rate's size whatever a gradient's size, so that
 * rounding decides the sign where a gradient is nearly 0, and differences grow with the steps: how fast they do between one process
 * and two of the same program says how much of the others is rounding.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fcos } from '../support/cli.ts'
import { jobPython, logOf, weightDifference } from '../support/job-runs.ts'
import { startRay } from '../support/ray.ts'

if (jobPython === '') throw new Error('FCOS_JOB_PYTHON names no Python with torch and ray')
const [steps] = process.argv.slice(2)
const folder = mkdtempSync(path.join(tmpdir(), 'fcos-jobs-bench-'))
const at = (name: string): string => path.join(folder, name)

async function train(name: string, others: readonly string[], ...where: string[]): Promise<void> {
  const started = performance.now()
  const { status, err } = await fcos([
    ...['train', '--data', 'resources/sample/train.json', '--val', 'resources/sample/val.json'],
    ...['--out', at(name), ...(steps === undefined ? [] : ['--steps', steps]), ...where],
  ])
  if (status !== 0) throw new Error(err)
  const [last] = logOf(at(name), 'evaluations.jsonl').slice(-1) as unknown as { stats: number[] }[]
  const seconds = ((performance.now() - started) / 1000).toFixed(0)
  console.log(`${name}: ${seconds} s, ${losses(name).length} steps, AP ${last!.stats[0]!.toFixed(4)}`)
  for (const other of others) console.log(`  ${difference(name, other)}`)
}

const losses = (name: string): number[] => logOf(at(name)).map(({ loss }) => loss!)

function difference(name: string, other: string): string {
  const theirs = losses(other)
  const relative = losses(name).map((loss, step) => Math.abs(loss / theirs[step]! - 1))
  const within = [1, 3, 6, 20, Infinity].map((count) => {
    const most = Math.max(...relative.slice(0, count)).toExponential(1)
    return `≤ ${most} in ${count === Infinity ? 'all' : count}`
  })
  const weights = weightDifference(at(name), at(other)).toExponential(1)
  return `beside ${other}: loss ${within.join(', ')} steps; weights ≤ ${weights}`
}

try {
  await train('engine', [], '--no-fast-math')
  await train('one process', ['engine'], '--on', 'torchrun', '--python', jobPython)
  await train('two processes', ['engine', 'one process'], '--on', 'torchrun:2', '--python', jobPython)
  const head = await startRay('a token for this bench')
  try {
    await train('ray', ['engine', 'two processes'], '--on', head.address, '--workers', '2')
  } finally {
    await head.stop()
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
