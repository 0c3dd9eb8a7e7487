import type { CommandLine } from '../command-line.ts'
import { Progress } from '../progress.ts'

export function sampleCommand({ command, print }: CommandLine): void {
  command('sample', 'fine-tune on the bundled sample and show the results, in ./fcos-sample-run', {
    example: 'fcos sample',
  }).action(async (options) => {
    const [{ renderSample, runSample }, { trainJson }] = await Promise.all([
      import('./sample.ts'),
      import('./train.ts'),
    ])
    const { train, detect } = await runSample(new Progress())
    print(options, { train: trainJson(train), detect }, () => renderSample({ train, detect }))
  })
}
