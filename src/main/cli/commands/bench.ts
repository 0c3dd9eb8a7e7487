/** `fcos bench`: times a model on this machine. */

import type { BenchRequest, BenchResult, EngineHello } from '../../../core/contract/engine.ts'
import { RUNTIME_TITLES, RuntimeName } from '../../../core/contract/runtime.ts'
import type { Architecture } from '../../../core/detectors/architectures.ts'
import { startEngine } from '../../studio/engine/spawn.ts'
import { interruptible } from '../interrupt.ts'
import type { Progress } from '../progress.ts'
import { describeEngine } from './train.ts'

export interface BenchOptions {
  readonly model: Architecture
  /** Name of the detector; FCOS if undefined. */
  readonly detector?: string
  readonly train: boolean
  readonly height: number
  readonly width: number
  readonly runs: number
  readonly fastMath?: boolean
  readonly runtime?: RuntimeName
  readonly device?: 'cpu' | 'gpu'
  readonly threads?: number
}

export interface BenchReport extends BenchResult {
  readonly model: BenchOptions['model']
  readonly width: number
  readonly height: number
  /** On the faster runtime. */
  readonly imagesPerSecond: number
  readonly device: EngineHello['device']
  readonly fastMath: boolean
  readonly tensorflow: string | null
  /** Milliseconds from starting the engine's process until it accepts requests. */
  readonly startMs: number
}

/**
 * Random weights and pixels: except for the number of boxes that reach NMS, the time of detection does not depend on them.
 */
export async function runBench(options: BenchOptions, progress: Progress): Promise<BenchReport> {
  const { model, detector, train, height, width, runs } = options
  const start = performance.now()
  const engine = await startEngine({
    fastMath: options.fastMath,
    runtime: options.runtime,
    device: options.device,
    threads: options.threads,
  })
  const startMs = performance.now() - start
  try {
    const { device, fastMath, tensorflow } = engine.hello
    progress.say(`${describeEngine(engine.hello)}, ready in ${(startMs / 1000).toFixed(1)} s`)
    const request: BenchRequest = {
      ...{ method: 'bench', architecture: model, height, width, runs, train },
      ...(detector !== undefined && { detector }),
      mayRound: options.fastMath !== false,
    }
    const result = await interruptible(
      (line) => progress.say(line),
      (signal) => engine.call(request, () => {}, signal),
    )
    const imagesPerSecond = 1000 / Math.min(...Object.values(result.detectMs))
    return { model, width, height, ...result, imagesPerSecond, device, fastMath, tensorflow, startMs }
  } finally {
    await engine.close()
  }
}

export function renderBench(report: BenchReport): string {
  const { model, width, height, detectMs, trainMs, peakMb, device, threads, fastMath } = report
  return [
    `${model}, one image of ${width} × ${height} px, median`,
    ...RuntimeName.options.flatMap((name) => {
      const ms = detectMs[name]
      if (ms === undefined) return []
      return [`detect   ${ms.toFixed(0)} ms, ${(1000 / ms).toFixed(2)} images/s on ${RUNTIME_TITLES[name]}`]
    }),
    ...(trainMs === null ? [] : [`train    ${trainMs.toFixed(0)} ms, forward and backward`]),
    `memory   ${peakMb} MB peak`,
    `device   ${device.toUpperCase()}, ${threads} threads, fast math ${fastMath ? 'on' : 'off'}`,
  ].join('\n')
}
