import type { CommandLine } from '../command-line.ts'
import { integer } from '../options.ts'
import { Progress } from '../progress.ts'

const MORE = [
  "PROJECT is a project, or a folder of images that becomes one. Only this machine's browsers reach the studio, and " +
    'only by the printed address, which holds a key. Ctrl-C or SIGTERM ends it; everything up to the last change is saved.',
]

export function serveCommand({ command, print }: CommandLine): void {
  command('serve [project]', 'the studio in a browser', { more: MORE, example: 'fcos serve photos/' })
    .option('--port <n>', '0 takes any that is free', integer(0, 65535), 0)
    .option('--no-open', 'print the address, and leave the browser to the user')
    .action(async (project, options) => {
      const { renderServe, runServe } = await import('./serve.ts')
      await runServe({ ...options, project }, new Progress(), (report) =>
        print(options, report, () => renderServe(report)),
      )
    })
}
