/**
 * Edits a project until it is killed: node project-editor.ts FOLDER SEED COUNT. Makes the first COUNT commands that the
 * seed gives, and writes the number of each to standard output once it is done. Stops at the first error of the disk,
 * with a line `CODE HASH`: the error, and the state of the project after it.
 */
import { createHash } from 'node:crypto'
import { writeSync } from 'node:fs'
import fc from 'fast-check'
import { CodedError } from '../../src/core/errors.ts'
import { openProject, type Project } from '../../src/main/studio/project/project.ts'
import { type Command, perform, someCommand } from './project-commands.ts'
import { tracked } from './project-state.ts'

export const commandsOf = (seed: number, count: number): Command[] => [
  ...(['cell', 'nucleus'] as const).map(
    (text): Command => ({ kind: 'addClass', a: 1, b: 1, box: [0, 0, 1, 1], text }),
  ),
  ...fc.sample(someCommand, { seed, numRuns: count }),
]

export const stateOf = (project: Project): string =>
  createHash('sha256')
    .update(JSON.stringify(tracked(project)))
    .digest('hex')

if (import.meta.main) {
  const [folder = '', seed, count] = process.argv.slice(2)
  const project = await openProject(folder)
  for (const [number, command] of commandsOf(Number(seed), Number(count)).entries()) {
    try {
      perform(project, command)
    } catch (error) {
      const code = error instanceof CodedError ? error.code : String(error)
      writeSync(1, `${code} ${stateOf(project)}\n`)
      break
    }
    writeSync(1, `${number + 1}\n`)
  }
  project.close()
}
