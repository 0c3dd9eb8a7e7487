import type { CommandLine } from '../command-line.ts'

export function apiCommand({ command, print }: CommandLine): void {
  command('api', "print the methods and events of the studio's API as JSON Schema", {
    example: 'fcos api --json',
  }).action(async (options) => {
    const { describeApi, renderApi } = await import('./api.ts')
    const report = describeApi()
    print(options, report, () => renderApi(report))
  })
}
