/**
 * A COCO results list of boxes, read from its bytes into columns: 160,000 results make no objects. Whatever is not plainly such a list
 * is left to JSON.parse and the schema of coco-results.ts, which say what is wrong with it.
 */

/** Row i is the list's entry i. */
export interface CocoResultColumns {
  readonly rows: number
  readonly imageId: Float64Array
  readonly categoryId: Float64Array
  /** [rows·4] x, y, width, height. */
  readonly boxes: Float64Array
  readonly scores: Float64Array
  /** Index into `names`, −1 where the entry has no `file_name`. */
  readonly name: Int32Array
  readonly names: readonly string[]
}

const code = (text: string): number => text.charCodeAt(0)
const QUOTE = code('"')
const BACKSLASH = code('\\')
const COMMA = code(',')
const COLON = code(':')
const MINUS = code('-')
const PLUS = code('+')
const DOT = code('.')
const ZERO = code('0')
const NINE = code('9')
const OPEN = code('{')
const CLOSE = code('}')
const OPEN_LIST = code('[')
const CLOSE_LIST = code(']')
/** Fewer decimal digits than this are exact in float64, and so is a power of ten up to this one: their quotient rounds once. */
const EXACT_DIGITS = 15
const POWERS = Array.from({ length: 23 }, (_, k) => 10 ** k)

/** Thrown where the list is not plain. */
const NOT_PLAIN = new Error('not a plain list')

/** @returns null where the bytes are no list of entries with a box each, or not in the plainest JSON. */
export function cocoResultColumns(bytes: Uint8Array): CocoResultColumns | null {
  try {
    return new Reader(bytes).list()
  } catch (error) {
    if (error === NOT_PLAIN) return null
    throw error
  }
}

class Reader {
  readonly #bytes: Uint8Array
  readonly #decoder = new TextDecoder()
  readonly #names: string[] = []
  readonly #indexOf = new Map<string, number>()
  #at = 0
  #rows = 0
  #imageId = new Float64Array(1024)
  #categoryId = new Float64Array(1024)
  #boxes = new Float64Array(4096)
  #scores = new Float64Array(1024)
  #name = new Int32Array(1024)
  /** The last name and where it lies: the next entry often has it too. */
  #lastName = -1
  #nameStart = 0
  #nameEnd = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  list(): CocoResultColumns {
    this.#expect(OPEN_LIST)
    if (this.#next() === CLOSE_LIST) this.#at++
    else {
      do this.#entry()
      while (this.#continues(CLOSE_LIST))
    }
    if (!Number.isNaN(this.#next())) throw NOT_PLAIN
    const rows = this.#rows
    return {
      rows,
      imageId: this.#imageId.subarray(0, rows),
      categoryId: this.#categoryId.subarray(0, rows),
      boxes: this.#boxes.subarray(0, 4 * rows),
      scores: this.#scores.subarray(0, rows),
      name: this.#name.subarray(0, rows),
      names: this.#names,
    }
  }

  #entry(): void {
    const row = this.#rows++
    if (row === this.#scores.length) this.#grow()
    this.#imageId[row] = Number.NaN
    this.#categoryId[row] = Number.NaN
    this.#scores[row] = Number.NaN
    this.#boxes[4 * row] = Number.NaN
    this.#name[row] = -1
    this.#expect(OPEN)
    do {
      const [start, end] = this.#text()
      this.#expect(COLON)
      if (this.#is(start, end, 'image_id')) this.#imageId[row] = this.#integer()
      else if (this.#is(start, end, 'category_id')) this.#categoryId[row] = this.#integer()
      else if (this.#is(start, end, 'score')) this.#scores[row] = this.#number()
      else if (this.#is(start, end, 'bbox')) this.#box(4 * row)
      else if (this.#is(start, end, 'file_name')) this.#name[row] = this.#nameIndex()
      else if (this.#next() === QUOTE) this.#text()
      else this.#number()
    } while (this.#continues(CLOSE))
    // NaN where one of them is missing; a number of the file never is.
    if (
      Number.isNaN(this.#imageId[row]! + this.#categoryId[row]! + this.#scores[row]! + this.#boxes[4 * row]!)
    )
      throw NOT_PLAIN
  }

  #box(at: number): void {
    this.#expect(OPEN_LIST)
    for (let k = 0; k < 4; k++) {
      const value = this.#number()
      if (k > 1 && value < 0) throw NOT_PLAIN
      this.#boxes[at + k] = value
      if (this.#continues(CLOSE_LIST) !== k < 3) throw NOT_PLAIN
    }
  }

  #nameIndex(): number {
    const [start, end] = this.#text()
    if (this.#isLastName(start, end)) return this.#lastName
    ;[this.#nameStart, this.#nameEnd] = [start, end]
    const text = this.#decoder.decode(this.#bytes.subarray(start, end))
    const known = this.#indexOf.get(text) ?? this.#names.push(text) - 1
    this.#indexOf.set(text, known)
    this.#lastName = known
    return known
  }

  #isLastName(start: number, end: number): boolean {
    const length = end - start
    if (this.#lastName < 0 || this.#nameEnd - this.#nameStart !== length) return false
    for (let i = 0; i < length; i++)
      if (this.#bytes[this.#nameStart + i] !== this.#bytes[start + i]) return false
    return true
  }

  #integer(): number {
    const value = this.#number()
    if (!Number.isSafeInteger(value)) throw NOT_PLAIN
    return value
  }

  #number(): number {
    const bytes = this.#bytes
    this.#next()
    const start = this.#at
    let at = start
    if (bytes[at] === MINUS) at++
    const first = at
    let [mantissa, digits, decimals] = [0, 0, 0]
    for (let byte = bytes[at]!; byte >= ZERO && byte <= NINE; byte = bytes[++at]!) {
      mantissa = mantissa * 10 + byte - ZERO
      digits++
    }
    // No digit, or a zero before others.
    if (digits === 0 || (digits > 1 && bytes[first] === ZERO)) throw NOT_PLAIN
    if (bytes[at] === DOT) {
      at++
      for (let byte = bytes[at]!; byte >= ZERO && byte <= NINE; byte = bytes[++at]!) {
        mantissa = mantissa * 10 + byte - ZERO
        decimals++
      }
      if (decimals === 0) throw NOT_PLAIN
    }
    let isExact = digits + decimals <= EXACT_DIGITS
    if (bytes[at] === 0x65 || bytes[at] === 0x45) {
      isExact = false
      at++
      if (bytes[at] === MINUS || bytes[at] === PLUS) at++
      const exponent = at
      while (bytes[at]! >= ZERO && bytes[at]! <= NINE) at++
      if (at === exponent) throw NOT_PLAIN
    }
    this.#at = at
    if (isExact) {
      const value = mantissa / POWERS[decimals]!
      return first > start ? -value : value
    }
    const value = Number(this.#decoder.decode(bytes.subarray(start, at)))
    if (!Number.isFinite(value)) throw NOT_PLAIN
    return value
  }

  /** Between the quotes. */
  #text(): readonly [start: number, end: number] {
    this.#expect(QUOTE)
    const start = this.#at
    for (let byte = this.#bytes[this.#at]; byte !== QUOTE; byte = this.#bytes[++this.#at]) {
      // The end, a control character, or an escape.
      if (byte === undefined || byte < 0x20 || byte === BACKSLASH) throw NOT_PLAIN
    }
    return [start, this.#at++]
  }

  #is(start: number, end: number, text: string): boolean {
    if (end - start !== text.length) return false
    for (let i = 0; i < text.length; i++) if (this.#bytes[start + i] !== text.charCodeAt(i)) return false
    return true
  }

  /** The next byte that is no white space; NaN at the end. */
  #next(): number {
    for (;;) {
      const byte = this.#bytes[this.#at]
      if (byte === undefined) return Number.NaN
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return byte
      this.#at++
    }
  }

  #expect(byte: number): void {
    if (this.#next() !== byte) throw NOT_PLAIN
    this.#at++
  }

  /** Steps over a comma, or over what closes the list. */
  #continues(close: number): boolean {
    const byte = this.#next()
    this.#at++
    if (byte === COMMA) return true
    if (byte === close) return false
    throw NOT_PLAIN
  }

  #grow(): void {
    const twice = <T extends Float64Array | Int32Array>(values: T): T => {
      const larger = new (values.constructor as new (length: number) => T)(2 * values.length)
      larger.set(values)
      return larger
    }
    this.#imageId = twice(this.#imageId)
    this.#categoryId = twice(this.#categoryId)
    this.#boxes = twice(this.#boxes)
    this.#scores = twice(this.#scores)
    this.#name = twice(this.#name)
  }
}
