/** Asks the decoding worker for pictures. */
import type { PicturePart } from './picture.ts'

/** A null URL gives an earlier request up. */
export interface DecodeRequest {
  readonly id: number
  readonly url: string | null
}

export type DecodeAnswer =
  | { readonly id: number; readonly levels: PicturePart[][] }
  | { readonly id: number; readonly error: string }

interface Waiting {
  readonly resolve: (levels: PicturePart[][]) => void
  readonly reject: (reason: Error) => void
}

export class Decoder {
  readonly #worker = new Worker(new URL('./decoding.worker.ts', import.meta.url), { type: 'module' })
  readonly #waiting = new Map<number, Waiting>()
  #nextId = 0

  constructor() {
    this.#worker.addEventListener('message', ({ data }: MessageEvent<DecodeAnswer>) => this.#answered(data))
  }

  /** The parts of the picture at a URL, then those of copies, each half as large as the one before; they belong to the caller. */
  decode(url: string, signal: AbortSignal): Promise<PicturePart[][]> {
    const id = this.#nextId++
    signal.addEventListener('abort', () => this.#post({ id, url: null }), { once: true })
    this.#post({ id, url })
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }))
  }

  close(): void {
    this.#worker.terminate()
    for (const { reject } of this.#waiting.values()) reject(new Error('The canvas was closed'))
    this.#waiting.clear()
  }

  #post(request: DecodeRequest): void {
    this.#worker.postMessage(request)
  }

  #answered(answer: DecodeAnswer): void {
    const waiting = this.#waiting.get(answer.id)
    this.#waiting.delete(answer.id)
    if ('levels' in answer) waiting?.resolve(answer.levels)
    else waiting?.reject(new Error(answer.error))
  }
}
