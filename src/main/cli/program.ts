/** The fcos program: its commands, each registered by its own file. */
import { Command } from 'commander'
import type { CommandLine } from './command-line.ts'
import { apiCommand } from './commands/api.command.ts'
import { benchCommand } from './commands/bench.command.ts'
import { completionCommand } from './commands/completion.command.ts'
import { convertCommand } from './commands/convert.command.ts'
import { detectCommand } from './commands/detect.command.ts'
import { doctorCommand } from './commands/doctor.command.ts'
import { evalCommand } from './commands/eval.command.ts'
import { exportCommand } from './commands/export.command.ts'
import { inspectCommand } from './commands/inspect.command.ts'
import { jobCommand } from './commands/job.command.ts'
import { sampleCommand } from './commands/sample.command.ts'
import { serveCommand } from './commands/serve.command.ts'
import { startCommand } from './commands/start.command.ts'
import { targetsCommand } from './commands/targets.command.ts'
import { trainCommand } from './commands/train.command.ts'
import { beQuiet } from './progress.ts'

/** In the order of the help. The code of a command is loaded only when it runs, so that help is instant. */
const COMMANDS = [
  convertCommand,
  targetsCommand,
  inspectCommand,
  trainCommand,
  jobCommand,
  detectCommand,
  evalCommand,
  exportCommand,
  benchCommand,
  doctorCommand,
  sampleCommand,
  serveCommand,
  startCommand,
  apiCommand,
]

/** Width of the help if standard output is not a terminal; Commander's default. */
const COLUMNS = 80

/** Minimum width of an option's description on a narrow terminal. */
const NARROWEST = 12

export function fcosProgram(version: string, print: CommandLine['print']): Command {
  const program = new Command('fcos')
    .description('Trains, runs and evaluates object detectors (FCOS and four others) on this machine')
    .version(version)
    .configureHelp({
      minWidthToWrap: NARROWEST,
      // Without aliases, which would make the column too wide.
      subcommandTerm: (command) => `${command.name()} ${command.usage()}`,
    })
  addHelp(program, [
    'Exit status: 0 success, 2 wrong usage or bad input, 130 interrupted, 1 any other fault.',
  ])
  const line: CommandLine = {
    print,
    command(usage, summary, { more = [], example }) {
      const command = program
        .command(usage)
        .description(summary)
        .option('--json', 'one JSON document on standard output; progress and messages on standard error')
        .option('-q, --quiet', 'no progress and no notes, only the result and errors')
        .option('--verbose', 'with an error, where in the program it arose and what caused it')
      addHelp(command, more)
      // Not wrapped, so that it can be copied.
      command.addHelpText('after', `\nExample: ${example}`)
      return command
    },
  }
  for (const register of COMMANDS) register(line)
  completionCommand(line, program)
  program.hook('preAction', (_, command) => {
    if (command.opts().quiet) beQuiet()
  })
  return program
}

function addHelp(command: Command, paragraphs: readonly string[]): void {
  command.addHelpText('after', () => {
    const columns = command.configureOutput().getOutHelpWidth?.() ?? COLUMNS
    return paragraphs.map((text) => `\n${command.createHelp().boxWrap(text, columns)}`).join('\n')
  })
}
