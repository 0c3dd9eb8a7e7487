import type { Evaluated, TrainStep } from '../../../core/contract/engine.ts'
import { JsonLinesLog } from '../logs/jsonl.ts'
import { TensorBoardLog } from '../logs/tensorboard.ts'
import type { RunFolder } from './run-folder.ts'

/** A run's figures as JSON lines and for TensorBoard. Steps count from 0 in both. */
export class RunLogs {
  readonly #lines: JsonLinesLog
  readonly #board: TensorBoardLog

  /** Drops what was logged from `nextStep` on: a resumed run comes by there again. */
  constructor(folder: RunFolder, nextStep: number) {
    this.#lines = new JsonLinesLog(folder.log, nextStep)
    this.#board = new TensorBoardLog(folder.path, nextStep)
  }

  step(figures: TrainStep): void {
    const step = figures.step - 1
    this.#lines.append({ ...figures, step })
    const { step: _, steps: _steps, remainingSeconds: _remaining, ...scalars } = figures
    this.#board.scalars(step, scalars)
  }

  evaluated({ step, stats: [ap, ap50, ap75] }: Evaluated): void {
    this.#board.scalars(step - 1, { ap, ap50, ap75 })
  }

  close(): void {
    this.#lines.close()
    this.#board.close()
  }
}
