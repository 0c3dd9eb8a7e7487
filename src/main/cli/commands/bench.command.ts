import { ARCHITECTURES } from '../../../core/detectors/architectures.ts'
import { detectors } from '../../../core/detectors/detectors.ts'
import { type CommandLine, choice, DEVICE, fastMath, RUNTIME } from '../command-line.ts'
import { integer } from '../options.ts'
import { Progress } from '../progress.ts'

export function benchCommand({ command, print }: CommandLine): void {
  fastMath(
    command('bench', 'time a model on this machine', { example: 'fcos bench --model r50 --train' })
      .addOption(choice('--model <model>', 'with random weights', [...ARCHITECTURES]).default('r50'))
      .addOption(
        choice(
          '--detector <detector>',
          'the detector (default: fcos)',
          detectors().map(({ name }) => name),
        ),
      )
      .option('--train', 'time a training step as well', false)
      .option('--height <pixels>', 'of the input', integer(64, 4096), 800)
      .option('--width <pixels>', 'of the input', integer(64, 4096), 1088)
      .option('--runs <n>', 'number of timed runs; the median is reported', integer(1), 7)
      .addOption(RUNTIME)
      .addOption(DEVICE)
      .option('--threads <n>', 'of the runtime (default: one per core)', integer(1)),
  ).action(async (options) => {
    const { renderBench, runBench } = await import('./bench.ts')
    const report = await runBench(options, new Progress())
    print(options, report, () => renderBench(report))
  })
}
