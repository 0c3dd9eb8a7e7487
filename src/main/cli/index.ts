/** The fcos command. */
import { readFileSync } from 'node:fs'
import { inspect } from 'node:util'
import { CommanderError } from 'commander'
import { describe, fileFault, isInputError, toWire, type WireError } from '../../core/errors.ts'
import { whenOrphaned } from '../process/orphan.ts'
import { INTERRUPTED, Interrupted } from './interrupt.ts'
import { fcosProgram } from './program.ts'

const WRONG_USAGE = 2

const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'))
const program = fcosProgram(version, ({ json }, report, text) => {
  process.stdout.write(`${json ? JSON.stringify(report) : text()}\n`)
})
for (const command of [program, ...program.commands]) {
  command.exitOverride().configureOutput({ outputError: () => {} })
}

// npm runs a script in a shell that exits without forwarding SIGTERM, and a wrapper may be killed.
const { FCOS_WRAPPER, npm_lifecycle_event } = process.env
if (Number(FCOS_WRAPPER) === process.ppid || npm_lifecycle_event !== undefined) {
  whenOrphaned(process.ppid, () => process.kill(process.pid, 'SIGTERM'))
}

// A reader that closes the pipe early, such as head, is not an error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit()
  const { reason, remedy } = fileFault(error)
  console.error(`fcos: Standard output cannot be written: ${reason}. ${remedy}`)
  process.exit(1)
})

try {
  await program.parseAsync()
} catch (error) {
  report(error)
}

/**
 * One line on standard error: what happened, where, how to fix it. With --json also a document, so that scripts always get
 * one.
 */
function report(error: unknown): void {
  if (error instanceof Interrupted) {
    console.error(error.message)
    process.exitCode = INTERRUPTED
    return
  }
  if (error instanceof CommanderError && error.exitCode === 0) return
  const wire = error instanceof CommanderError ? usageError(error) : toWire(error)
  console.error(`fcos: ${describe(wire).replaceAll(/\s*\n\s*/g, ' ')}`)
  if (process.argv.includes('--verbose')) console.error(inspect(error))
  if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify({ error: wire })}\n`)
  process.exitCode = isInputError(wire.code) ? WRONG_USAGE : 1
}

function usageError({ code, message }: CommanderError): WireError {
  // Without a command, it has printed its help.
  const what = code === 'commander.help' ? 'no command given' : message.replace(/^error: /, '')
  const command = program.commands.find((candidate) =>
    [candidate.name(), ...candidate.aliases()].includes(process.argv[2] ?? ''),
  )
  return {
    code: 'USAGE_OPTIONS',
    message: what.replace(/[.\s]+$/, ''),
    remedy: `See \`fcos ${command ? `${command.name()} ` : ''}--help\``,
  }
}
