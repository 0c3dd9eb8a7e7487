import type { CommandLine } from '../command-line.ts'
import { integer } from '../options.ts'
import { Progress } from '../progress.ts'

const MORE = [
  'PROJECT is a project, or a folder of images that becomes one. Only browsers on this machine can reach ' +
    'the studio, and only at the printed address, which contains a key. Pages that are open go on after a restart. Ctrl-C or SIGTERM stops it; everything up to the last change is saved.',
]

export function serveCommand({ command, print }: CommandLine): void {
  command('serve [project]', 'open the studio in a browser', { more: MORE, example: 'fcos serve photos/' })
    .option(
      '--port <n>',
      'port to use; 0 means any free port; by default that of the last start',
      integer(0, 65535),
    )
    .option('--no-open', 'print the address without opening a browser')
    .action(async (project, options) => {
      const { renderServe, runServe } = await import('./serve.ts')
      await runServe({ ...options, project }, new Progress(), (report) =>
        print(options, report, () => renderServe(report)),
      )
    })
}
