import type { CommandLine } from '../command-line.ts'
import { integer } from '../options.ts'
import { Progress } from '../progress.ts'

export function sampleCommand({ command, print }: CommandLine): void {
  command('sample', 'fine-tune on the bundled sample and show the results, in ./fcos-sample-run', {
    example: 'fcos sample',
  })
    .option('--steps <n>', 'number of training steps (default: as for a data set of this size)', integer(1))
    .action(async (options) => {
      const [{ renderSample, runSample }, { trainJson }] = await Promise.all([
        import('./sample.ts'),
        import('./train.ts'),
      ])
      const { train, detect } = await runSample(new Progress(), options.steps)
      print(options, { train: trainJson(train), detect }, () => renderSample({ train, detect }))
    })
}
