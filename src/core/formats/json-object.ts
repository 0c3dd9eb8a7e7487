/**
 * Takes a JSON object apart while its text comes in, so that a file of hundreds of MB is never one string or one tree:
 * the entries of its lists are handed out one by one, as text. What is handed out is left to JSON.parse, so only the
 * outermost two levels are looked at here.
 */
import { CodedError } from '../errors.ts'

export interface JsonObjectSink {
  /** A member that is not a list. */
  member(key: string, value: unknown): void
  /** Called when a list begins. A key may occur twice. */
  list(key: string): void
  /** The text of the list's next entry. */
  entry(text: string): void
}

/**
 * Maximum number of characters of one entry of a list. Longer ones are an attack on the memory, or not entries at
 * all.
 */
const LARGEST_ENTRY = 32 * 2 ** 20

/**
 * Maximum number of characters of a member that is not a list, such as the picture in a LabelMe file: as much as a
 * string can hold.
 */
const LARGEST_MEMBER = 500 * 2 ** 20

const STRUCTURE = /["{}[\],]/g
const STRING_END = /["\\]/g

export class JsonObjectReader {
  readonly #sink: JsonObjectSink
  readonly #file: string
  /** The part of the current member or entry that came in earlier pieces and has been scanned. */
  #earlier: string[] = []
  #earlierLength = 0
  /** The current piece, and how far it has been scanned. */
  #text = ''
  #position = 0
  /** Start of the current member or entry in the piece. */
  #start = 0
  /** Open brackets. 0: before or after the object; 1: among its members; 2: in a value. */
  #depth = 0
  #inString = false
  #inList = false
  /** Number of members of the object so far, or of entries of the list that is being read. */
  #count = 0
  #ended = false
  /** Whether the last value was a list, after which only a comma or the end may follow. */
  #afterList = false

  /** `file` names the source in errors. */
  constructor(sink: JsonObjectSink, file: string) {
    this.#sink = sink
    this.#file = file
  }

  /** Throws DATA_JSON, DATA_TOO_LARGE. */
  push(text: string): void {
    this.#text += text
    while (this.#inString ? this.#skipString() : this.#step());
    const looked = this.#text.slice(this.#start, this.#position)
    if (looked !== '') this.#earlier.push(looked)
    this.#earlierLength += looked.length
    this.#text = this.#text.slice(this.#position)
    this.#start = 0
    this.#position = 0
    if (this.#earlierLength > (this.#inList ? LARGEST_ENTRY : LARGEST_MEMBER)) {
      const limit = this.#inList ? 'an entry of more than 32 MiB' : 'a value of more than 500 MiB'
      throw new CodedError('DATA_TOO_LARGE', `${this.#file} has ${limit}`)
    }
  }

  /** The current member or entry up to this position. */
  #upTo(end: number): string {
    return this.#earlier.join('') + this.#text.slice(this.#start, end)
  }

  /** Call this after the last piece. Throws DATA_JSON if the object is incomplete. */
  end(): void {
    if (!this.#ended) this.#fail(this.#depth === 0 ? 'it is no JSON object' : 'it ends too early')
    this.#requireBlank(this.#upTo(this.#text.length))
  }

  #skipString(): boolean {
    STRING_END.lastIndex = this.#position
    const found = STRING_END.exec(this.#text)
    // A backslash at the end of a piece waits for the next piece.
    if (found?.[0] === '\\' && found.index + 1 === this.#text.length) {
      this.#position = found.index
      return false
    }
    this.#position = found === null ? this.#text.length : found.index + (found[0] === '"' ? 1 : 2)
    this.#inString = found?.[0] !== '"'
    return found !== null
  }

  #step(): boolean {
    STRUCTURE.lastIndex = this.#position
    const found = STRUCTURE.exec(this.#text)
    this.#position = found === null ? this.#text.length : found.index + 1
    if (found === null) return false
    const { 0: character, index } = found
    if (this.#depth === 0) this.#begin(character, index)
    else if (character === '"') this.#inString = true
    else if (character === ',') this.#comma(index)
    else if (character === '{' || character === '[') this.#open(character, index)
    else this.#close(character, index)
    return true
  }

  #begin(character: string, index: number): void {
    if (this.#ended) this.#fail('something follows its end')
    this.#requireBlank(this.#take(index))
    if (character === '[') throw listInstead(this.#file)
    if (character !== '{') this.#fail('it is no JSON object')
    this.#depth = 1
  }

  #open(character: string, index: number): void {
    if (this.#afterList && this.#depth === 1) this.#fail('a comma is missing after a list')
    if (this.#depth === 1 && character === '[') {
      const [key] = this.#parse(`{${this.#take(index)}null}`, 'it')
      this.#sink.list(key)
      this.#inList = true
      this.#count = 0
    }
    this.#depth++
  }

  #comma(index: number): void {
    if (this.#depth === 1) this.#endMember(index)
    else if (this.#depth === 2 && this.#inList) this.#endEntry(index)
  }

  #close(character: string, index: number): void {
    this.#depth--
    if (this.#depth === 1 && this.#inList) {
      if (character !== ']') this.#fail('a list ends with }')
      const isEmpty = this.#count === 0 && this.#upTo(index).trim() === ''
      if (isEmpty) this.#take(index)
      else this.#endEntry(index)
      this.#inList = false
      this.#afterList = true
      this.#count = 1
    } else if (this.#depth === 0) {
      if (character !== '}') this.#fail('it ends with ]')
      const isEmpty = this.#count === 0 && this.#upTo(index).trim() === ''
      if (isEmpty) this.#take(index)
      else this.#endMember(index)
      this.#ended = true
    }
  }

  #endMember(index: number): void {
    const text = this.#take(index)
    if (this.#afterList) this.#requireBlank(text)
    else this.#sink.member(...this.#parse(`{${text}}`, 'it'))
    this.#afterList = false
    this.#count++
  }

  #endEntry(index: number): void {
    this.#sink.entry(this.#take(index))
    this.#count++
  }

  #take(end: number): string {
    const text = this.#upTo(end)
    this.#earlier = []
    this.#earlierLength = 0
    this.#start = end + 1
    return text
  }

  #parse(text: string, what: string): [key: string, value: unknown] {
    let member: [string, unknown] | undefined
    try {
      member = Object.entries(JSON.parse(text))[0] as [string, unknown] | undefined
    } catch (cause) {
      this.#fail(`${what}: ${(cause as Error).message}`, cause)
    }
    return member ?? this.#fail('a comma too many')
  }

  #requireBlank(text: string): void {
    if (text.trim() !== '') this.#fail(`${JSON.stringify(text.trim().slice(0, 20))} has no place there`)
  }

  #fail(reason: string, cause?: unknown): never {
    throw new CodedError('DATA_JSON', `${this.#file} is not valid JSON: ${reason}`, undefined, {
      cause,
    })
  }
}

const listInstead = (file: string): CodedError =>
  new CodedError(
    'DATA_JSON',
    `${file} is a list, not a COCO data set`,
    'A data set is an object with "images", "annotations" and "categories"; COCO results and CreateML files are lists',
  )
