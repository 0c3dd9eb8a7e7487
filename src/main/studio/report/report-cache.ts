/** Caches answers about the project until the project changes. */
import type { Project } from '../project/project.ts'

/** Number of answers. Few settings are compared, and each answer is small except for lists of boxes. */
const KEPT = 16

export class ReportCache {
  readonly #project: Project
  #version = ''
  #answers = new Map<string, unknown>()

  constructor(project: Project) {
    this.#project = project
  }

  async get<Answer>(kind: string, scope: object, compute: () => Promise<Answer>): Promise<Answer> {
    const version = versionOf(this.#project)
    if (version !== this.#version) this.#answers = new Map()
    this.#version = version
    const key = `${kind} ${JSON.stringify(scope)}`
    if (this.#answers.has(key)) return this.#answers.get(key) as Answer
    const answer = await compute()
    // If the project changed meanwhile, the answer may or may not include the change.
    if (versionOf(this.#project) !== version) return answer
    this.#answers.set(key, answer)
    for (const oldest of [...this.#answers.keys()].slice(0, -KEPT)) this.#answers.delete(oldest)
    return answer
  }
}

/** A value that differs after any change of the database, by this program or another one. */
function versionOf({ database }: Project): string {
  const own = database.get<{ changes: number }>('SELECT total_changes() AS changes')!
  const others = database.get<{ data_version: number }>('PRAGMA data_version')!
  return `${own.changes} ${others.data_version}`
}
