import type { Evaluated, TrainStep } from '../../../core/contract/engine.ts'
import { JsonLinesLog } from '../logs/jsonl.ts'
import { TensorBoardLog } from '../logs/tensorboard.ts'
import type { RunFolder } from './run-folder.ts'

/** A run's figures as JSON lines and for TensorBoard. Steps count from 0 in all. */
export class RunLogs {
  readonly #steps: JsonLinesLog
  readonly #evaluations: JsonLinesLog
  readonly #board: TensorBoardLog

  /** Drops what was logged from `nextStep` on: a resumed run comes by there again. */
  constructor(folder: RunFolder, nextStep: number) {
    this.#steps = new JsonLinesLog(folder.log, nextStep)
    this.#evaluations = new JsonLinesLog(folder.evaluations, nextStep)
    this.#board = new TensorBoardLog(folder.path, nextStep)
  }

  step(figures: TrainStep): void {
    const step = figures.step - 1
    const { figures: ofDetector, detector: _detector, ...common } = figures
    this.#steps.append({ ...common, ...ofDetector, step })
    const { step: _, steps: _steps, remainingSeconds: _remaining, device: _device, ...scalars } = common
    this.#board.scalars(step, { ...scalars, ...ofDetector })
  }

  evaluated(evaluation: Evaluated): void {
    const step = evaluation.step - 1
    const [ap, ap50, ap75] = evaluation.stats
    this.#evaluations.append({ ...evaluation, step })
    const { maskStats } = evaluation
    const ofMasks = maskStats && { maskAp: maskStats[0], maskAp50: maskStats[1], maskAp75: maskStats[2] }
    this.#board.scalars(step, { ap, ap50, ap75, ...ofMasks })
  }

  close(): void {
    this.#steps.close()
    this.#evaluations.close()
    this.#board.close()
  }
}
