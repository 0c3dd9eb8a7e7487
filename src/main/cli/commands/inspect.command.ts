import { type CommandLine, DATASETS, fromFormat } from '../command-line.ts'
import { integer } from '../options.ts'
import { Progress } from '../progress.ts'

export function inspectCommand({ command, print }: CommandLine): void {
  fromFormat(
    command(
      'inspect <dataset>',
      'report what FCOS can learn from a data set: best possible recall, ambiguity, levels, unlearnable boxes',
      { more: DATASETS, example: 'fcos inspect BCCD:train --size 416 --csv boxes.csv' },
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
