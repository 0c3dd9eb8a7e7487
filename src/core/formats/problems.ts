import type { z } from 'zod'
import { CodedError } from '../errors.ts'
import type { Problem } from './dataset.ts'

/** Collects what a reader of one file leaves out or repairs. */
export class ProblemLog {
  readonly problems: Problem[] = []
  readonly file: string

  constructor(file: string) {
    this.file = file
  }

  skip(where: string, reason: string): void {
    this.problems.push({ file: this.file, where, reason, action: 'skipped' })
  }

  repair(where: string, reason: string): void {
    this.problems.push({ file: this.file, where, reason, action: 'repaired' })
  }
}

/** Counts what a file contains but a data set cannot store, so that it can be reported. */
export class Leftovers {
  readonly #counts = new Map<string, Map<string, number>>()

  /** One more `object`, `image` or `class` has this. */
  add(what: string, owner: 'object' | 'image' | 'class'): void {
    const counts = this.#counts.get(owner) ?? new Map<string, number>()
    this.#counts.set(owner, counts.set(what, (counts.get(what) ?? 0) + 1))
  }

  /** One line each: "keypoints of 3 objects". */
  lines(): string[] {
    return [...this.#counts].flatMap(([owner, counts]) =>
      [...counts].map(([what, count]) => {
        const owners = count === 1 ? owner : `${owner}${owner === 'class' ? 'es' : 's'}`
        return `${what} of ${count} ${owners}`
      }),
    )
  }
}

/** One line for people: `Annotations/a.xml, line 12: skipped, the box has no width`. */
export const describeProblem = ({ file, where, action, reason }: Problem): string =>
  `${file}${where && `, ${where}`}: ${action === 'repaired' ? 'repaired' : action}, ${reason}`

/** JSON.parse whose failure names the file. Throws DATA_JSON. */
export function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause)
    throw new CodedError('DATA_JSON', `${file} is not valid JSON: ${detail}`, undefined, { cause })
  }
}

/** The first thing that a schema found wrong: `bbox[2]: expected number`. */
export function firstIssue(error: z.ZodError): string {
  const { path, message } = error.issues[0]!
  const key = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('')
  return key === '' ? message : `${key.replace(/^\./, '')}: ${message}`
}
