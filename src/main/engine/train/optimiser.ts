/** Steps of the trainable parameters by their gradients. */
import type { Tensor } from '@tensorflow/tfjs-node-gpu'
import type { OptimiserConfig } from '../../../core/contract/training.ts'
import type { Parameter } from '../model/parameter.ts'
import { UPSAMPLING_ROOT } from '../model/tensors.ts'
import { fused } from '../tensor/operations.ts'
import { attribute, execute, tf } from '../tensor/tensorflow.ts'

const ADAM = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }

/** The L2 norm of all gradients together. */
export function gradientNorm(parameters: readonly Parameter[]): number {
  const squares = tf.tidy(() => {
    // L2Loss is half the sum of squares, in one pass.
    const halves = parameters.flatMap(({ gradient }) =>
      gradient ? [execute('L2Loss', [attribute.float32()], [gradient])] : [],
    )
    return halves.length === 0 ? new Float32Array() : (tf.stack(halves).dataSync() as Float32Array)
  })
  return Math.sqrt(2 * squares.reduce((sum, half) => sum + half, 0))
}

export class Optimiser {
  readonly #config: OptimiserConfig
  /** Moments by "kind/parameter name", laid out as the parameter's value. Part of a run's state. */
  readonly moments = new Map<string, Tensor>()
  /**
   * The step with which a parameter's moments began, by its name, where that was not the run's first. Part of a run's state: Adam
   * corrects for moments that are still young, also of parameters that began to learn late.
   */
  readonly began = new Map<string, number>()

  constructor(config: OptimiserConfig) {
    this.#config = config
  }

  /**
   * One step. Clears the gradients.
   * @param rate of the head
   * @param gradientScale 1 / passes that were added up
   * @param step of the run, counted from 0
   * @returns the gradients' norm before clipping; nothing is stepped where it is not finite
   */
  step(parameters: readonly Parameter[], rate: number, gradientScale: number, step: number): number {
    const norm = gradientNorm(parameters) * gradientScale
    if (!Number.isFinite(norm)) return norm
    const { clipNorm } = this.#config
    const scale = clipNorm > 0 && norm > clipNorm ? (gradientScale * clipNorm) / norm : gradientScale
    for (const parameter of parameters) {
      if (parameter.gradient) {
        const own = rate * this.#shareOf(parameter.name)
        if (this.#config.kind === 'sgd') this.#momentumStep(parameter, parameter.gradient, own, scale)
        else this.#adamStep(parameter, parameter.gradient, own, scale, step)
      }
      parameter.clearGradient()
    }
    return norm
  }

  #shareOf(name: string): number {
    if (name.startsWith('backbone.fpn.') || name.startsWith(UPSAMPLING_ROOT)) return this.#config.pyramidShare
    return name.startsWith('backbone.body.') ? this.#config.backboneShare : 1
  }

  #decayOf({ shape }: Parameter): number {
    return shape.length > 1 ? this.#config.weightDecay : 0
  }

  /** v = μ·v + g + λ·w; w −= rate·v (torch's SGD). */
  #momentumStep(parameter: Parameter, gradient: Tensor, rate: number, scale: number): void {
    let velocity = this.#blendMoment('momentum', parameter, gradient, this.#config.momentum, scale)
    const decay = this.#decayOf(parameter)
    if (decay > 0) {
      velocity = tf.keep(fused.blend(velocity, parameter.value, 1, decay))
      this.moments.set(`momentum/${parameter.name}`, velocity)
    }
    parameter.step(velocity, -rate)
  }

  /** Adam with decoupled weight decay (Loshchilov and Hutter 2019). */
  #adamStep(parameter: Parameter, gradient: Tensor, rate: number, scale: number, step: number): void {
    const { beta1, beta2, epsilon } = ADAM
    const { name } = parameter
    if (step > 0 && !this.moments.has(`first/${name}`)) this.began.set(name, step)
    const steps = step + 1 - (this.began.get(name) ?? 0)
    const first = this.#blendMoment('first', parameter, gradient, beta1, (1 - beta1) * scale)
    const square = tf.square(gradient)
    const second = this.#blendMoment('second', parameter, square, beta2, (1 - beta2) * scale * scale)
    square.dispose()
    // Both moments' bias corrections, taken out of the quotient: m̂/(√v̂ + ε) = c·m/(√v + ε·√(1 − β₂ᵗ)).
    const root = Math.sqrt(1 - beta2 ** steps)
    const correction = root / (1 - beta1 ** steps)
    const direction = tf.tidy(() => tf.div(first, tf.add(tf.sqrt(second), epsilon * root)))
    const decay = this.#decayOf(parameter)
    if (decay > 0) parameter.step(parameter.value, -rate * decay)
    parameter.step(direction, -rate * correction)
    direction.dispose()
  }

  /** moment = keep·moment + add·value, from 0. */
  #blendMoment(kind: string, { name }: Parameter, value: Tensor, keep: number, add: number): Tensor {
    const key = `${kind}/${name}`
    const moment = this.moments.get(key) ?? tf.zerosLike(value)
    const blended = tf.keep(fused.blend(moment, value, keep, add))
    this.moments.set(key, blended)
    return blended
  }

  dispose(): void {
    tf.dispose([...this.moments.values()])
    this.moments.clear()
    this.began.clear()
  }
}
