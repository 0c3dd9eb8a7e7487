import type { Tape, Value } from '../tape.ts'

/** What may follow a tower's convolution: a norm, or just its bias; always with ReLU. One instance serves one convolution. */
export interface NormRelu {
  /** relu(norm(x + bias)), x being the convolution without its bias. Takes a hold of x. `level` counts from P3. */
  forward(tape: Tape, x: Value, level: number): Value
}
