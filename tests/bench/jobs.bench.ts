/**
 * The sample trained by the engine, in PyTorch in two processes, and by two workers of a Ray cluster of this machine, each by the
 * command that a user types; and how much their logs, metrics and checkpoints differ:
 *
 *   FCOS_JOB_PYTHON=PY node tests/bench/jobs.bench.ts [STEPS]
 *
 * Without STEPS the run is as long as the preset has it.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fcos } from '../support/cli.ts'
import { jobPython, logOf, lossDifference, weightDifference } from '../support/job-runs.ts'
import { startRay } from '../support/ray.ts'

if (jobPython === '') throw new Error('FCOS_JOB_PYTHON names no Python with torch and ray')
const [steps] = process.argv.slice(2)
const folder = mkdtempSync(path.join(tmpdir(), 'fcos-jobs-bench-'))
const at = (name: string): string => path.join(folder, name)

async function train(name: string, ...where: string[]): Promise<void> {
  const started = performance.now()
  const { status, err } = await fcos([
    ...['train', '--data', 'resources/sample/train.json', '--val', 'resources/sample/val.json'],
    ...['--out', at(name), ...(steps === undefined ? [] : ['--steps', steps]), ...where],
  ])
  if (status !== 0) throw new Error(err)
  const [last] = logOf(at(name), 'evaluations.jsonl').slice(-1) as unknown as { stats: number[] }[]
  const seconds = (performance.now() - started) / 1000
  const lines = [
    `${name}: ${seconds.toFixed(0)} s, ${logOf(at(name)).length} steps, AP ${last!.stats[0]!.toFixed(4)}`,
  ]
  if (name !== 'engine') {
    const [ours, theirs] = ['engine', name].map((run) => logOf(at(run)).map(({ loss }) => loss!))
    const relative = ours!.map((loss, step) => Math.abs(theirs![step]! / loss - 1))
    const until = (count: number): string => Math.max(...relative.slice(0, count)).toExponential(1)
    lines.push(
      `  loss against the engine's: ${[1, 6, 20, 100].map((n) => `≤ ${until(n)} in ${n} steps`).join(', ')}`,
    )
    lines.push(`  at most ${lossDifference(at(name), at('engine')).toExponential(1)}`)
    lines.push(`  weights: ≤ ${weightDifference(at(name), at('engine')).toExponential(1)}`)
  }
  if (name === 'ray') {
    const [loss, weights] = [
      lossDifference(at(name), at('torchrun')),
      weightDifference(at(name), at('torchrun')),
    ]
    lines.push(`  against torchrun: loss ≤ ${loss.toExponential(1)}, weights ≤ ${weights.toExponential(1)}`)
  }
  console.log(lines.join('\n'))
}

try {
  await train('engine', '--no-fast-math')
  await train('torchrun', '--on', 'torchrun:2', '--python', jobPython)
  const head = await startRay('a token for this bench')
  try {
    await train('ray', '--on', head.address, '--workers', '2')
  } finally {
    await head.stop()
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
