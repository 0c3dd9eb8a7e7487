import { CodedError } from '../../../core/errors.ts'
import { type CommandLine, choice, DEVICE, fastMath, fromFormat, RUNTIME } from '../command-line.ts'
import { withStandardInput } from '../detection/standard-input.ts'
import { isVideo } from '../detection/video-name.ts'
import { classScore, fraction, integer, tiling } from '../options.ts'
import { Progress } from '../progress.ts'

const MORE = [
  'IMAGES are files, folders (with their subfolders), globs or data sets; - reads a list of them from standard input, one per line. From a data set, the labelled ' +
    'images are taken, with its image ids, and pictures show its boxes dashed. Other images are numbered from 1.',
  'Videos are read through ffmpeg, where it is installed: each frame is an image, VIDEO/000001.png in the results, and pictures ' +
    'become a video.',
  'OUT is a COCO results list (OUT itself if it ends in .json, else OUT/detections.json), or a data set of another ' +
    'format.',
]

export function detectCommand({ command, print }: CommandLine): void {
  fromFormat(
    fastMath(
      command('detect <images...>', 'detect objects in images; also fcos predict', {
        more: MORE,
        example:
          'fcos detect --model runs/cells/best.safetensors photos/ --out found.json --overlay pictures',
      })
        .option(
          '--model <checkpoint>',
          "a run's checkpoint, weights with torchvision's tensor names, or an ONNX file of fcos export; required but with --merge",
        )
        .requiredOption('--out <path>', 'file or folder for the results')
        .addOption(
          choice('--format <format>', 'of the results', ['coco', 'csv', 'labelme', 'voc', 'yolo']).default(
            'coco',
          ),
        )
        .option(
          '--score <score>',
          "minimum score (default: the model's own of each class, else 0.05; 0.4 in pictures)",
          fraction,
        )
        .option('--class-score <c=s...>', 'minimum scores of single classes: cell=0.4', classScore)
        .option('--classes <names...>', 'only these classes')
        .option('--overlay <folder>', 'draw a picture per image, with boxes, classes and scores')
        .option('--limit <n>', 'maximum number of detections per image', integer(1), 100)
        .option('--batch <n>', 'number of images of equal size to process together', integer(1), 1)
        .option(
          '--nms <iou>',
          "IoU above which a box is dropped if a better one of its class overlaps it (default: the detector's own, 0.6 of FCOS)",
          fraction,
        )
        .option(
          '--size <pixels>',
          "long side of the network's input (default: as trained)",
          integer(64, 4096),
        )
        .option(
          '--tile <pixels>',
          'side of tiles for large images; off: none (default: as the model learnt, where needed)',
          tiling,
        )
        .addOption(RUNTIME)
        .addOption(DEVICE)
        .option('--threads <n>', 'of the runtime (default: one per core)', integer(1))
        .option('--shard <i/n>', 'detect in the i-th of n shards, and write a part into OUT')
        .option('--merge', 'IMAGES is a folder of parts, which become one OUT')
        .option('--on <address>', 'detect on a Ray cluster (docs/scale.md)')
        .option('--storage <folder>', 'a folder that the cluster sees under the same path')
        .option('--actors <n>', 'of the cluster (default: 1)', integer(1))
        .option('--gpus', 'a GPU for each of them'),
    ),
  )
    .alias('predict')
    .action(async (args, options) => {
      const images = await withStandardInput(args)
      const hasVideos = images.some(isVideo)
      if (hasVideos && (options.shard || options.on)) {
        const remedy = 'Detect in videos without --shard and --on'
        throw new CodedError('USAGE_OPTIONS', 'Videos are not detected in parts', remedy)
      }
      if (options.shard || options.merge || options.on) {
        const [{ runParts }, { renderDetect }] = await Promise.all([
          import('./detect-parts.ts'),
          import('./detect.ts'),
        ])
        const report = await runParts({ ...options, images }, new Progress())
        return print(options, report, () => renderDetect(report))
      }
      if (options.model === undefined) {
        throw new CodedError(
          'USAGE_MODEL',
          '--model is missing',
          'Give a checkpoint, such as best.safetensors of a run',
        )
      }
      const { renderDetect, runDetect } = await import('./detect.ts')
      const { model } = options
      const all = { ...options, images, model }
      const report = hasVideos
        ? await (await import('./detect-video.ts')).runDetectVideo(all, new Progress())
        : await runDetect(all, new Progress())
      print(options, report, () => renderDetect(report))
    })
}
