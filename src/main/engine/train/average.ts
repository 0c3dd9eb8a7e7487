/**
 * A moving average of the weights, which detects better than the last step's (Polyak). Its horizon suits short runs: a
 * tenth of the run, and shorter at the beginning.
 */
import type { Tensor } from '@tensorflow/tfjs-node-gpu'
import type { Parameter } from '../model/parameter.ts'
import { fused } from '../tensor/operations.ts'
import { tf } from '../tensor/tensorflow.ts'

const LONGEST = 0.9998

/** The share of the past at a step, counted from 0. */
export function averageDecay(step: number, steps: number): number {
  const horizon = Math.min(LONGEST, Math.max(0, 1 - 10 / steps))
  return Math.min(horizon, (1 + step) / (10 + step))
}

export class WeightAverage {
  /** Keyed by parameter name, in the layout of its value. Part of a run's state. */
  readonly values = new Map<string, Tensor>()
  #parameters: readonly Parameter[]

  constructor(parameters: readonly Parameter[]) {
    this.#parameters = parameters
    for (const { name, value } of parameters) this.values.set(name, tf.keep(tf.add(value, 0)))
  }

  update(step: number, steps: number): void {
    const decay = averageDecay(step, steps)
    for (const { name, value } of this.#parameters) {
      this.values.set(name, tf.keep(fused.blend(this.values.get(name) as Tensor, value, decay, 1 - decay)))
    }
  }

  /** More parameters learn now: their averages begin with the values that they have. */
  extend(parameters: readonly Parameter[]): void {
    this.#parameters = parameters
    for (const { name, value } of parameters) {
      if (!this.values.has(name)) this.values.set(name, tf.keep(tf.add(value, 0)))
    }
  }

  /** Replaces the weights by the averages. */
  restore(): void {
    for (const parameter of this.#parameters)
      parameter.set(tf.add(this.values.get(parameter.name) as Tensor, 0))
  }

  /** Runs `body` with the averages in the model, then puts the weights back. */
  async during<T>(body: () => Promise<T>): Promise<T> {
    this.#exchange()
    try {
      return await body()
    } finally {
      this.#exchange()
    }
  }

  #exchange(): void {
    for (const parameter of this.#parameters) {
      this.values.set(parameter.name, parameter.exchange(this.values.get(parameter.name) as Tensor))
    }
  }

  dispose(): void {
    tf.dispose([...this.values.values()])
    this.values.clear()
  }
}
