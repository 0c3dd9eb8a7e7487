import type { CommandLine } from '../command-line.ts'
import { Progress } from '../progress.ts'

export function startCommand({ command, print }: CommandLine): void {
  command('start', 'open the studio on the bundled sample, in a desktop window or the browser', {
    example: 'fcos start',
  }).action(async (options) => {
    const [{ runStart }, { renderServe }] = await Promise.all([import('./start.ts'), import('./serve.ts')])
    await runStart(new Progress(), (report) => print(options, report, () => renderServe(report)))
  })
}
