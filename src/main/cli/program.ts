/** The commands, their options and examples. What a command does is loaded when it runs, so that help is instant. */
import { Command, Option } from 'commander'
import { fraction, integer, nonNegative } from './options.ts'
import { Progress } from './progress.ts'

/** Prints what a command hands out: as one JSON document, or in lines for people. */
export type Print = (options: { readonly json?: boolean }, json: unknown, text: () => string) => void

const DATASETS = `
A data set is a COCO .json, a Pascal VOC folder, a YOLO data.yaml or folder, a folder of LabelMe files, a .csv, or a
studio project (its folder or file), of which the labels of the images that are in progress or done are taken.
DATASET:train takes one list or split of it, as does the path of the list (ImageSets/Main/train.txt, images/train).`

export function fcosProgram(version: string, print: Print): Command {
  const program = new Command('fcos')
    .description('Trains, runs and measures FCOS object detectors on this machine')
    .version(version)
    .addHelpText(
      'after',
      '\nExit status: 0 success, 2 wrong usage or bad input, 130 interrupted, 1 any other fault.',
    )

  const command = (usage: string, summary: string, example: string, more = ''): Command =>
    program
      .command(usage)
      .description(summary)
      .option('--json', 'one JSON document on standard output; progress and messages on standard error')
      .addHelpText('after', `${more}\nExample: ${example}`)

  const convert = `${DATASETS}

Only labels are written. Images stay where they are and are named by their path relative to the image folder:
put them into OUT/images (COCO, YOLO, CSV), OUT/JPEGImages (VOC) or OUT (LabelMe), or give --copy-images.
Images without boxes are kept. Whatever is skipped or mended is listed with its file, line and reason.
`
  command(
    'convert <in> <out>',
    'another format for a data set',
    'fcos convert BCCD --to coco bccd.json',
    convert,
  )
    .addOption(
      choice('--to <format>', 'format of OUT', [
        'coco',
        'voc',
        'yolo',
        'labelme',
        'csv',
      ]).makeOptionMandatory(),
    )
    .option('--images <folder>', 'images of IN, where they do not lie beside the labels')
    .option('--strict', 'anything skipped or mended is an error, and nothing is written')
    .option('--overwrite', 'replace label files that are there')
    .option('--dry-run', 'count and report, but write nothing')
    .option('--copy-images', 'copy the images too')
    .action(async (input, out, options) => {
      const [{ renderConvert, runConvert }, { interruptible }] = await Promise.all([
        import('./commands/convert.ts'),
        import('./interrupt.ts'),
      ])
      const progress = new Progress()
      const report = await interruptible(
        (line) => progress.say(line),
        (signal) => runConvert({ ...options, input, out }, { signal, onProgress: progress.seldom() }),
      ).finally(() => progress.end())
      print(options, report, () => renderConvert(report))
    })

  const targets = `
BOXES.json is a list of [x1, y1, x2, y2] in pixels. T.safetensors gets labels [L] (index of the box, -1 for background),
ltrb [L, 4] in pixels, centerness [L] and level [L]; levels P3 to P7 in order, each row by row.
`
  command(
    'targets',
    'what FCOS learns at every location from given boxes',
    'fcos targets --width 800 --height 1088 --boxes boxes.json --out targets.safetensors',
    targets,
  )
    .requiredOption('--width <pixels>', "of the network's input", Number)
    .requiredOption('--height <pixels>', "of the network's input", Number)
    .requiredOption('--boxes <file>', 'JSON list of boxes')
    .requiredOption('--out <file>', 'safetensors file to write')
    .option('--radius <strides>', 'of center sampling; 0 turns it off', nonNegative, 1.5)
    .addOption(choice('--dialect <name>', 'whose assignment', ['authors', 'torchvision']).default('authors'))
    .action(async (options) => {
      const { renderTargets, runTargets } = await import('./commands/targets.ts')
      const report = await runTargets(options)
      print(options, report, () => renderTargets(report))
    })

  command(
    'inspect <dataset>',
    'what FCOS can learn from a data set: best possible recall, ambiguity, levels, unlearnable boxes',
    'fcos inspect BCCD:train --size 416 --csv boxes.csv',
    `${DATASETS}\n`,
  )
    .option('--size <pixels>', "long side of the network's input", integer(64, 4096), 512)
    .option('--csv <file>', 'write a table of all boxes with their levels, and why some cannot be learned')
    .action(async (name, options) => {
      const [{ runInspect }, { renderInspect }, { readDataset }] = await Promise.all([
        import('./commands/inspect.ts'),
        import('./commands/inspect-text.ts'),
        import('./read-dataset.ts'),
      ])
      const progress = new Progress()
      const { dataset } = await readDataset(name, (line) => progress.say(line), { missing: 'keep' })
      const report = await runInspect(dataset, options, progress.seldom())
      progress.end()
      print(options, report, () => renderInspect(report))
    })

  const train = `${DATASETS}

The run's folder gets best.safetensors (highest validation AP), last.safetensors, log.jsonl, TensorBoard event files, and
what --resume needs. Whatever is not given follows from the number of images. Ctrl-C saves and stops.
`
  const fastMath = (of: Command): Command =>
    of
      .option('--fast-math', 'let convolutions round to bfloat16 (the default where the CPU has AMX for it)')
      .option('--no-fast-math', 'compute in float32 throughout')
  fastMath(
    command(
      'train',
      'fine-tune a detector',
      'fcos train --data BCCD:train --val BCCD:val --model lite0 --out runs/cells',
      train,
    )
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
  ).action(async (options) => {
    const { renderTrain, runTrain, trainJson } = await import('./commands/train.ts')
    const report = await runTrain(options, new Progress())
    print(options, trainJson(report), () => renderTrain(report))
  })

  const detect = `
IMAGES are files, folders (with their subfolders), globs or data sets. Of a data set, the images that it labels are taken,
with its image ids, and the pictures show its boxes dashed. Without ids, images are numbered from 1.
OUT is a COCO results list (OUT itself if it ends in .json, else OUT/detections.json), or a data set of another format.
`
  fastMath(
    command(
      'detect <images...>',
      'find objects in images',
      'fcos detect --model runs/cells/best.safetensors photos/ --out found.json --overlay pictures',
      detect,
    )
      .requiredOption('--model <checkpoint>', "a run's checkpoint, or weights with torchvision's names")
      .requiredOption('--out <path>', 'file or folder for the results')
      .addOption(
        choice('--format <format>', 'of the results', ['coco', 'csv', 'voc', 'yolo']).default('coco'),
      )
      .option('--score <score>', 'least score (default: 0.05, in pictures 0.4)', fraction)
      .option('--overlay <folder>', 'one picture per image, with boxes, classes and scores')
      .option('--batch <n>', 'images of one size that run together', integer(1), 1)
      .option('--nms <iou>', 'boxes of a class that overlap a better one by more are dropped', fraction, 0.6)
      .option('--size <pixels>', "long side of the network's input (default: as trained)", integer(64, 4096)),
  ).action(async (images, options) => {
    const { renderDetect, runDetect } = await import('./commands/detect.ts')
    const report = await runDetect({ ...options, images }, new Progress())
    print(options, report, () => renderDetect(report))
  })

  command(
    'eval',
    "COCO's 12 numbers, and every class's, equal to pycocotools'",
    'fcos eval --gt val.json --dt found.json',
  )
    .requiredOption('--gt <file>', 'COCO ground truth')
    .requiredOption('--dt <file>', 'COCO results list')
    .action(async (options) => {
      const { evalJson, renderEval, runEval } = await import('./commands/eval.ts')
      const report = await runEval(options)
      print(options, evalJson(report), () => renderEval(report))
    })

  fastMath(
    command('bench', 'how fast a model is on this machine', 'fcos bench --model r50 --train')
      .addOption(choice('--model <model>', 'with random weights', ['r50', 'lite0']).default('r50'))
      .option('--train', 'time a training step as well', false)
      .option('--height <pixels>', 'of the input', integer(64, 4096), 800)
      .option('--width <pixels>', 'of the input', integer(64, 4096), 1088)
      .option('--runs <n>', 'timed runs, of which the median counts', integer(1), 7),
  ).action(async (options) => {
    const { renderBench, runBench } = await import('./commands/bench.ts')
    const report = await runBench(options, new Progress())
    print(options, report, () => renderBench(report))
  })

  command('doctor', 'what the engine runs on, what is missing, and how to get it', 'fcos doctor').action(
    async (options) => {
      const { renderDoctor, runDoctor } = await import('./commands/doctor.ts')
      const report = await runDoctor()
      print(options, report, () => renderDoctor(report))
      if (!report.ready) process.exitCode = 1
    },
  )

  command(
    'sample',
    'fine-tune on the bundled sample and show what comes out, in ./fcos-sample-run',
    'fcos sample',
  ).action(async (options) => {
    const [{ renderSample, runSample }, { trainJson }] = await Promise.all([
      import('./commands/sample.ts'),
      import('./commands/train.ts'),
    ])
    const { train, detect } = await runSample(new Progress())
    print(options, { train: trainJson(train), detect }, () => renderSample({ train, detect }))
  })

  const serve = `
PROJECT is a project, or a folder of images that becomes one. Only this machine's browsers reach the studio, and only by the
printed address, which holds a key. Ctrl-C or SIGTERM ends it; everything up to the last change is saved.
`
  command('serve [project]', 'the studio in a browser', 'fcos serve photos/', serve)
    .option('--port <n>', '0 takes any that is free', integer(0, 65535), 0)
    .option('--no-open', 'print the address, and leave the browser to the user')
    .action(async (project, options) => {
      const { renderServe, runServe } = await import('./commands/serve.ts')
      await runServe({ ...options, project }, new Progress(), (report) =>
        print(options, report, () => renderServe(report)),
      )
    })

  command('start', 'the studio on the bundled sample: a desktop window, or the browser', 'fcos start').action(
    async (options) => {
      const [{ runStart }, { renderServe }] = await Promise.all([
        import('./commands/start.ts'),
        import('./commands/serve.ts'),
      ])
      await runStart(new Progress(), (report) => print(options, report, () => renderServe(report)))
    },
  )

  command('api', "the methods and events of the studio's API as JSON Schema", 'fcos api --json').action(
    async (options) => {
      const { describeApi, renderApi } = await import('./commands/api.ts')
      const report = describeApi()
      print(options, report, () => renderApi(report))
    },
  )

  return program
}

const choice = (flags: string, description: string, values: string[]): Option =>
  new Option(flags, description).choices(values)
