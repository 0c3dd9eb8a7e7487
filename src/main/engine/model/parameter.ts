/** A model's weights on the device. Names and shapes at the boundary are torch's; on the device filters lie as HWIO. */
import type { Tensor } from '@tensorflow/tfjs-node-gpu'
import type { Tensor as HostTensor } from '../../../core/formats/safetensors.ts'
import { tensorOf, toFloat32 } from '../../../core/formats/tensor-values.ts'
import { fused } from '../tensor/operations.ts'
import { tf } from '../tensor/tensorflow.ts'
import type { StateDict } from '../weights/state-dict.ts'
import { deviceShape, toDeviceLayout, toTorchLayout } from './filter-layout.ts'

export class Parameter {
  readonly name: string
  /** The shape in torch. */
  readonly shape: readonly number[]
  #value: Tensor
  #version = 0
  #isFixed = false
  #gradient: Tensor | null = null
  /** Whether gradients are computed and the optimiser steps it. */
  trainable = false

  constructor(name: string, host: HostTensor) {
    this.name = name
    this.shape = host.shape
    this.#value = tf.keep(this.toDevice(host))
  }

  get value(): Tensor {
    return this.#value
  }

  /** Increases with every change of the value, so that derived values can be kept until the next change. */
  get version(): number {
    return this.#version
  }

  get gradient(): Tensor | null {
    return this.#gradient
  }

  /** Forbids changes from now on, because something was computed from the value that would not follow them. */
  fix(): void {
    this.#isFixed = true
  }

  /** Replaces the value, which is disposed; takes the new one. */
  set(value: Tensor): void {
    this.exchange(value).dispose()
  }

  /** Replaces the value and gives up the old one; takes the new one. */
  exchange(value: Tensor): Tensor {
    this.#requireFree()
    const old = this.#value
    this.#value = tf.keep(value)
    this.#version++
    return old
  }

  /** Steps the value in place: value + factor·direction. */
  step(direction: Tensor, factor: number): void {
    this.#requireFree()
    this.#value = tf.keep(fused.blend(this.#value, direction, 1, factor))
    this.#version++
  }

  #requireFree(): void {
    if (this.#isFixed) throw new Error(`${this.name} is frozen: build the network anew to change it`)
  }

  /** Adds to the gradient; takes it. */
  addGradient(gradient: Tensor): void {
    if (this.#gradient === null) {
      this.#gradient = tf.keep(gradient)
      return
    }
    this.#gradient = tf.keep(fused.blend(this.#gradient, gradient))
    gradient.dispose()
  }

  clearGradient(): void {
    this.#gradient?.dispose()
    this.#gradient = null
  }

  /** From torch's layout to that of the value; the caller owns the result. */
  toDevice(host: HostTensor): Tensor {
    return tf.tensor(toDeviceLayout(toFloat32(host), this.shape), deviceShape(this.shape), 'float32')
  }

  /** Converts a tensor in the value's layout, such as the value or its gradient, to torch's layout. */
  toHost(tensor: Tensor = this.#value): HostTensor {
    return tensorOf(toTorchLayout(tensor.dataSync() as Float32Array, this.shape), this.shape)
  }

  dispose(): void {
    this.clearGradient()
    this.#value.dispose()
  }
}

/** Adds to the gradient of a parameter that learns; takes it in any case. */
export function giveGradient(parameter: Parameter, gradient: Tensor): void {
  if (parameter.trainable) parameter.addGradient(gradient)
  else gradient.dispose()
}

/** All tensors of a model, in the order of its state dict. */
export class Parameters {
  readonly #byName = new Map<string, Parameter>()
  /** Keyed by length. They are never trained and are not part of the state dict. */
  readonly #zeros = new Map<number, Parameter>()

  constructor(state: StateDict) {
    for (const [name, tensor] of state) this.#byName.set(name, new Parameter(name, tensor))
  }

  get(name: string): Parameter {
    const parameter = this.#byName.get(name)
    if (!parameter) throw new Error(`the model has no tensor ${name}`)
    return parameter
  }

  find(name: string): Parameter | undefined {
    return this.#byName.get(name)
  }

  /** Stands in for the bias of a layer that has none. */
  zeros(length: number): Parameter {
    const known = this.#zeros.get(length)
    if (known) return known
    const made = new Parameter('', tensorOf(new Float32Array(length), [length]))
    this.#zeros.set(length, made)
    return made
  }

  [Symbol.iterator](): IterableIterator<Parameter> {
    return this.#byName.values()
  }

  trainable(): Parameter[] {
    return [...this].filter((parameter) => parameter.trainable)
  }

  toStateDict(): StateDict {
    return new Map([...this].map((parameter) => [parameter.name, parameter.toHost()]))
  }

  dispose(): void {
    for (const parameter of [...this, ...this.#zeros.values()]) parameter.dispose()
  }
}
