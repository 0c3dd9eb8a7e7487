/** Finds the 1-based line of a character position in a text, in O(log lines). */
export function lineFinder(text: string): (position: number) => number {
  const starts = [0]
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return (position) => {
    let low = 0
    let high = starts.length
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if (starts[middle]! <= position) low = middle
      else high = middle
    }
    return low + 1
  }
}

/** A number as written, NaN where it is none. `Number('')` would be 0. */
export const toNumber = (text: string): number => (text.trim() === '' ? Number.NaN : Number(text))
