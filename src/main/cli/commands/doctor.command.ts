import type { CommandLine } from '../command-line.ts'

export function doctorCommand({ command, print }: CommandLine): void {
  command('doctor', 'report what the engine runs on, what is missing, and how to get it', {
    example: 'fcos doctor',
  }).action(async (options) => {
    const { renderDoctor, runDoctor } = await import('./doctor.ts')
    const report = await runDoctor()
    print(options, report, () => renderDoctor(report))
    if (!report.ready) process.exitCode = 1
  })
}
