import type { Command } from 'commander'
import { type CommandLine, choice } from '../command-line.ts'

/** Needs the program, whose commands and options it lists. */
export function completionCommand({ command, print }: CommandLine, program: Command): void {
  command('completion', 'print a script that lets a shell complete fcos commands and options', {
    example: 'source <(fcos completion --shell bash)',
  })
    .addOption(choice('--shell <shell>', 'for which', ['bash', 'zsh', 'fish']).default('bash'))
    .action(async (options) => {
      const { completionScript } = await import('./completion.ts')
      const script = completionScript(program, options.shell)
      print(options, { script }, () => script)
    })
}
