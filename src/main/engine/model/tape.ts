/**
 * Reverse-mode differentiation with explicit lifetimes: a layer keeps for its way back exactly what that needs, and
 * everything else is disposed at once. (TensorFlow.js's own tape keeps every intermediate until the end: several times
 * the memory.)
 */
import type { Tensor4D } from '@tensorflow/tfjs-node-gpu'
import { fused } from '../tensor/operations.ts'

/** An activation [N,H,W,C] with its holders. A layer takes one hold of its input; who needs it twice holds it twice. */
export class Value {
  readonly tensor: Tensor4D
  /** Whether anything before it learns, so that its gradient is wanted. */
  readonly differentiable: boolean
  #holders = 1
  #gradient: Tensor4D | null = null

  constructor(tensor: Tensor4D, differentiable: boolean) {
    this.tensor = tensor
    this.differentiable = differentiable
  }

  hold(): this {
    this.#holders++
    return this
  }

  release(): void {
    if (--this.#holders === 0) this.tensor.dispose()
  }

  /** Adds to the gradient; takes it. */
  addGradient(gradient: Tensor4D): void {
    if (this.#gradient === null) {
      this.#gradient = gradient
      return
    }
    this.#gradient = fused.blend(this.#gradient, gradient)
    gradient.dispose()
  }

  /** The gradient, given up to the caller; null if nothing after it depends on it. */
  takeGradient(): Tensor4D | null {
    const gradient = this.#gradient
    this.#gradient = null
    return gradient
  }
}

export class Tape {
  /** False for inference: layers then record nothing and may overwrite their inputs. */
  readonly recording: boolean
  readonly #steps: (() => void)[] = []

  constructor(recording: boolean) {
    this.recording = recording
  }

  /** Notes how to carry an output's gradient to its inputs; steps run in reverse order. */
  record(step: () => void): void {
    this.#steps.push(step)
  }

  /** Carries the gradients that were given to outputs back to all parameters. */
  backward(): void {
    for (let step = this.#steps.pop(); step; step = this.#steps.pop()) step()
  }
}
