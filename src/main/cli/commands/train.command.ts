import type { Command } from 'commander'
import { detectors } from '../../../core/detectors/detectors.ts'
import { type CommandLine, choice, DATASETS, fastMath, fromFormat } from '../command-line.ts'
import { integer, tiling } from '../options.ts'
import { Progress } from '../progress.ts'

const MORE = [
  "The run's folder gets best.safetensors (highest validation AP), last.safetensors, log.jsonl, TensorBoard event " +
    'files, and what --resume needs. Settings that are not given depend on the number of images. Ctrl-C saves and stops.',
]

/** Options that define a run. */
export const runOptions = (command: Command): Command =>
  command
    .option('--data <dataset>', 'data set to train on')
    .option('--val <dataset>', 'data set to validate with')
    .addOption(
      choice(
        '--detector <detector>',
        'what to train (default: that of the weights, or fcos)',
        detectors().map(({ name }) => name),
      ),
    )
    .option('--model <model>', 'lite0, r50, or a checkpoint or weights file to start from (default: lite0)')
    .option('--steps <n>', 'optimiser steps', integer(1))
    .option('--size <pixels>', "long side of the network's input", integer(64, 4096))
    .option('--batch <n>', 'images per step, whatever the number of processes', integer(1))
    .option(
      '--tile <pixels>',
      'side of the tiles that large images are learnt from, auto or off (default: auto)',
      tiling,
    )
    .option('--seed <n>', 'runs with the same seed are identical', integer(0))
    .option('--config <file>', 'JSON file with all other settings (docs/cli.md)')

/** Options for where a run is trained. */
export const placeOptions = (command: Command): Command =>
  command
    .option('--on <place>', 'torchrun[:N], in N processes of PyTorch here, or ray+https://HOST:8265')
    .option('--python <path>', 'the Python with PyTorch (default: FCOS_JOB_PYTHON, else python3)')
    .option('--storage <folder>', 'a folder that the Ray cluster sees under the same path')
    .option('--workers <n>', 'workers of the Ray cluster (default: 1)', integer(1))
    .option('--gpus', 'a GPU for each of them')

export function trainCommand({ command, print }: CommandLine): void {
  fromFormat(
    fastMath(
      placeOptions(
        runOptions(
          command('train', 'fine-tune a detector on a data set', {
            more: [...DATASETS, ...MORE],
            example: 'fcos train --data BCCD:train --val BCCD:val --model lite0 --out runs/cells',
          }),
        ),
      )
        .option('--out <folder>', "the run's folder (default: a new one in runs/)")
        .option('--resume', 'continue the run in --out, on the data that it started with'),
    ),
  ).action(async (options) => {
    const { renderTrain, runTrain, trainJson } = await import('./train.ts')
    const report = await runTrain(options, new Progress())
    print(options, trainJson(report), () => renderTrain(report))
  })
}
