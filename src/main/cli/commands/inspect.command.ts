import { detectors } from '../../../core/detectors/detectors.ts'
import { type CommandLine, choice, DATASETS, fromFormat } from '../command-line.ts'
import { integer } from '../options.ts'
import { Progress } from '../progress.ts'

export function inspectCommand({ command, print }: CommandLine): void {
  fromFormat(
    command(
      'inspect <dataset>',
      'report what a detector can learn from a data set: best possible recall, ambiguity, levels, unlearnable boxes',
      { more: DATASETS, example: 'fcos inspect BCCD:train --size 416 --csv boxes.csv' },
    ),
  )
    .addOption(
      choice(
        '--detector <detector>',
        'whose rules decide (default: fcos)',
        detectors().map(({ name }) => name),
      ),
    )
    .option('--size <pixels>', "long side of the network's input", integer(64, 4096), 512)
    .option('--csv <file>', 'write a table of all boxes with their levels, and why some cannot be learned')
    .action(async (name, options) => {
      const [{ runInspect }, { renderInspect }, { readDataset }] = await Promise.all([
        import('./inspect.ts'),
        import('./inspect-text.ts'),
        import('../read-dataset.ts'),
      ])
      const progress = new Progress()
      const { dataset } = await readDataset(name, (text) => progress.say(text), {
        missing: 'keep',
        ...(options.from && { from: options.from }),
      })
      const report = await runInspect(dataset, options, progress.seldom())
      progress.end()
      print(options, report, () => renderInspect(report))
    })
}
