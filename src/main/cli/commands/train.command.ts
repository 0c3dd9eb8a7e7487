import { type CommandLine, DATASETS, fastMath, fromFormat } from '../command-line.ts'
import { integer } from '../options.ts'
import { Progress } from '../progress.ts'

const MORE = [
  "The run's folder gets best.safetensors (highest validation AP), last.safetensors, log.jsonl, TensorBoard event " +
    'files, and what --resume needs. Whatever is not given follows from the number of images. Ctrl-C saves and stops.',
]

export function trainCommand({ command, print }: CommandLine): void {
  fromFormat(
    fastMath(
      command('train', 'fine-tune a detector', {
        more: [...DATASETS, ...MORE],
        example: 'fcos train --data BCCD:train --val BCCD:val --model lite0 --out runs/cells',
      })
        .option('--data <dataset>', 'images and boxes to learn from')
        .option('--val <dataset>', 'images and boxes to measure with')
        .option('--model <model>', 'lite0, r50, or a checkpoint or weights file to start from')
        .requiredOption('--out <folder>', "the run's folder")
        .option('--steps <n>', 'optimiser steps', integer(1))
        .option('--size <pixels>', "long side of the network's input", integer(64, 4096))
        .option('--batch <n>', 'images per step', integer(1))
        .option('--seed <n>', 'two runs with one seed are equal', integer(0))
        .option('--config <file>', 'JSON with any other choice (docs/cli.md)')
        .option('--resume', 'go on with the run in --out, on the data that it started with'),
    ),
  ).action(async (options) => {
    const { renderTrain, runTrain, trainJson } = await import('./train.ts')
    const report = await runTrain(options, new Progress())
    print(options, trainJson(report), () => renderTrain(report))
  })
}
