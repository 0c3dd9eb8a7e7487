import { Argument } from 'commander'
import { type CommandLine, DATASETS, fastMath, fromFormat } from '../command-line.ts'
import { Progress } from '../progress.ts'
import { placeOptions, runOptions } from './train.command.ts'

const MORE = [
  'pack makes FOLDER a job of the run that `fcos train` with the same options would train, or of one that has begun (--run). ' +
    'run starts a job in FOLDER: on this machine, or on a Ray cluster. follow tells how far it is. fetch makes its run an ' +
    'ordinary run again, of a project or by itself. docs/scale.md goes through all of it.',
]

export function jobCommand({ command, print }: CommandLine): void {
  fromFormat(
    fastMath(
      placeOptions(
        runOptions(
          command('job', 'train a run on another machine: pack, run, follow, fetch', {
            more: [...MORE, ...DATASETS],
            example: 'fcos job pack /mnt/jobs/cells --data BCCD:train --val BCCD:val --model lite0',
          })
            .addArgument(
              new Argument('<action>', 'what to do').choices(['pack', 'run', 'follow', 'fetch'] as const),
            )
            .argument('<folder>', "the job's folder"),
        ),
      )
        .option('--run <folder>', 'pack: a run that has begun, instead of --data and --model')
        .option(
          '--images <plan>',
          'pack: copy, link (hard links), or the folder or URI where the machines see them',
          'copy',
        )
        .option('--into <project>', 'fetch: the project, or a new folder, that gets the run'),
    ),
  ).action(async (action, folder, options) => {
    const { renderJob, runJobCommand } = await import('./job.ts')
    const report = await runJobCommand(action, { ...options, folder }, new Progress())
    print(options, report, () => renderJob(report))
  })
}
