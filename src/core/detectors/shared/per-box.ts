/** Keeps what depends on a single box from call to call, so that dragging one box of many computes nothing anew for the others. */
export class PerBox<Found> {
  #key = ''
  #boxes = new Float32Array()
  #found: (Found | undefined)[] = []

  /**
   * Gives the result of `compute` for each of `boxes` [N·4]. It is not computed again for a box that was among those of the
   * latest call with the same key, even at another index.
   *
   * @param key stands for everything else that the results depend on
   */
  over(key: string, boxes: Float32Array, compute: (gt: number) => Found): (gt: number) => Found {
    const [boxesBefore, foundBefore] =
      key === this.#key ? [this.#boxes, this.#found] : [new Float32Array(), []]
    const found: (Found | undefined)[] = []
    this.#key = key
    this.#boxes = boxes.slice()
    this.#found = found
    // Where boxes were added or removed, all that follow have moved by as many places.
    let shift = 0
    const before = (gt: number): Found | undefined => {
      if (isSame(boxes, gt, boxesBefore, gt + shift)) return foundBefore[gt + shift]
      for (let other = 0; other < foundBefore.length; other++) {
        if (!isSame(boxes, gt, boxesBefore, other)) continue
        shift = other - gt
        return foundBefore[other]
      }
      return undefined
    }
    return (gt) => {
      const known = found[gt]
      if (known !== undefined) return known
      const made = before(gt) ?? compute(gt)
      found[gt] = made
      return made
    }
  }
}

function isSame(a: Float32Array, i: number, b: Float32Array, k: number): boolean {
  return (
    a[i * 4] === b[k * 4] &&
    a[i * 4 + 1] === b[k * 4 + 1] &&
    a[i * 4 + 2] === b[k * 4 + 2] &&
    a[i * 4 + 3] === b[k * 4 + 3]
  )
}
