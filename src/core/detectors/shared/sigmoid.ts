/** In float32. */
export const sigmoid = (z: number): number => Math.fround(1 / (1 + Math.exp(-z)))
