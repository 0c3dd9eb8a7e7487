/** Decoded pictures by key, within a budget of memory: the current one, its wanted neighbours, and what was seen last. */
import type { Picture } from './picture.ts'

export class PictureCache {
  readonly #budget: number
  /** Least recently used first. */
  readonly #pictures = new Map<string, Picture>()

  /** `budget` in bytes of decoded pixels. */
  constructor(budget: number) {
    this.#budget = budget
  }

  get(key: string): Picture | undefined {
    const picture = this.#pictures.get(key)
    if (!picture) return undefined
    this.#pictures.delete(key)
    this.#pictures.set(key, picture)
    return picture
  }

  has(key: string): boolean {
    return this.#pictures.has(key)
  }

  /**
   * Takes a picture over and closes it when its room is needed. `wanted` are keys from the most important on: the first
   * always stays, the others go last to first, and before any of them what was used longest ago. False if it went at once.
   */
  put(key: string, picture: Picture, wanted: readonly string[]): boolean {
    this.#pictures.get(key)?.close()
    this.#pictures.set(key, picture)
    const unwanted = [...this.#pictures.keys()].filter((held) => !wanted.includes(held))
    for (const victim of [...unwanted, ...wanted.slice(1).reverse()]) {
      if (this.#bytes() <= this.#budget) break
      this.#pictures.get(victim)?.close()
      this.#pictures.delete(victim)
    }
    return this.has(key)
  }

  clear(): void {
    for (const picture of this.#pictures.values()) picture.close()
    this.#pictures.clear()
  }

  #bytes(): number {
    return [...this.#pictures.values()].reduce((sum, { bytes }) => sum + bytes, 0)
  }
}
