/**
 * Filters are OIHW in torch and HWIO here. A depthwise filter, [C,1,H,W] in torch and [H,W,C,1] here, has the memory
 * layout of a dense filter with one input channel.
 */

/** The shape on the device of a tensor of this shape in torch; only filters differ. */
export function deviceShape(shape: readonly number[]): number[] {
  if (shape.length !== 4) return [...shape]
  const [outputs, inputs, height, width] = shape
  return inputs === 1 ? [height, width, outputs, 1] : [height, width, inputs, outputs]
}

/** `shape` is the shape in torch. */
export function toDeviceLayout(values: Float32Array, shape: readonly number[]): Float32Array {
  return shape.length === 4 ? transpose(values, shape[0], shape[1], shape[2] * shape[3], 'to device') : values
}

export function toTorchLayout(values: Float32Array, shape: readonly number[]): Float32Array {
  return shape.length === 4 ? transpose(values, shape[0], shape[1], shape[2] * shape[3], 'to torch') : values
}

function transpose(
  values: Float32Array,
  outputs: number,
  inputs: number,
  cells: number,
  direction: 'to device' | 'to torch',
): Float32Array {
  const result = new Float32Array(values.length)
  for (let o = 0; o < outputs; o++) {
    for (let i = 0; i < inputs; i++) {
      let torch = (o * inputs + i) * cells
      let device = i * outputs + o
      for (let cell = 0; cell < cells; cell++, torch++, device += inputs * outputs) {
        if (direction === 'to device') result[device] = values[torch]
        else result[torch] = values[device]
      }
    }
  }
  return result
}
