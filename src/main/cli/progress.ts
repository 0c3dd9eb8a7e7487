/** Progress and messages, on standard error: a bar that redraws itself on a terminal, plain lines in a pipe. */

const BAR = 24
/** Approximate number of progress lines per job in a pipe. */
const LINES = 50

let isQuiet = false

/** From now on nothing is said but errors. */
export function beQuiet(): void {
  isQuiet = true
}

export class Progress {
  readonly #stream: NodeJS.WriteStream
  #drawn = false

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#stream = stream
  }

  /** A line that stays. */
  say(line: string): void {
    if (isQuiet) return
    this.#erase()
    this.#stream.write(`${line}\n`)
  }

  /** @param text what is running and its state, as short as possible. */
  update(done: number, total: number, text: string): void {
    if (isQuiet) return
    if (this.#stream.isTTY) {
      const full = Math.round((BAR * done) / total)
      const bar = '━'.repeat(full) + '╌'.repeat(BAR - full)
      this.#erase()
      // A wrapped line could not be erased.
      this.#stream.write(`${bar} ${done}/${total}  ${text}`.slice(0, this.#stream.columns - 1))
      this.#drawn = true
    } else if (done === 1 || done === total || done % Math.ceil(total / LINES) === 0) {
      this.#stream.write(`${done}/${total}  ${text}\n`)
    }
  }

  /** For jobs with many small parts that are usually short: shows nothing for one second, then a percentage at intervals. */
  seldom(): (done: number, total: number) => void {
    let next = performance.now() + 1000
    return (done, total) => {
      if (performance.now() < next) return
      next = performance.now() + (this.#stream.isTTY ? 100 : 2000)
      const percent = Math.floor((100 * done) / total)
      if (this.#stream.isTTY) this.update(percent, 100, 'percent')
      else this.say(`${percent} %`)
    }
  }

  /** The job has ended, whether it succeeded or not. */
  end(): void {
    this.#erase()
  }

  #erase(): void {
    if (this.#drawn) this.#stream.write('\r\x1b[K')
    this.#drawn = false
  }
}

/** Seconds as 42 s, 3:07 or 1:02:03. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  const two = (n: number): string => String(n).padStart(2, '0')
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60]
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`
}
