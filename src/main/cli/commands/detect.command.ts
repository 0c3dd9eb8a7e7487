import { type CommandLine, choice, fastMath, fromFormat } from '../command-line.ts'
import { fraction, integer } from '../options.ts'
import { Progress } from '../progress.ts'

const MORE = [
  'IMAGES are files, folders (with their subfolders), globs or data sets. From a data set, the labelled ' +
    'images are taken, with its image ids, and pictures show its boxes dashed. Other images are numbered from 1.',
  'OUT is a COCO results list (OUT itself if it ends in .json, else OUT/detections.json), or a data set of another ' +
    'format.',
]

export function detectCommand({ command, print }: CommandLine): void {
  fromFormat(
    fastMath(
      command('detect <images...>', 'detect objects in images', {
        more: MORE,
        example:
          'fcos detect --model runs/cells/best.safetensors photos/ --out found.json --overlay pictures',
      })
        .requiredOption(
          '--model <checkpoint>',
          "a run's checkpoint, or weights with torchvision's tensor names",
        )
        .requiredOption('--out <path>', 'file or folder for the results')
        .addOption(
          choice('--format <format>', 'of the results', ['coco', 'csv', 'labelme', 'voc', 'yolo']).default(
            'coco',
          ),
        )
        .option('--score <score>', 'minimum score (default: 0.05; 0.4 in pictures)', fraction)
        .option('--overlay <folder>', 'draw a picture per image, with boxes, classes and scores')
        .option('--limit <n>', 'maximum number of detections per image', integer(1), 100)
        .option('--batch <n>', 'number of images of equal size to process together', integer(1), 1)
        .option(
          '--nms <iou>',
          'IoU above which a box is dropped if a better one of its class overlaps it',
          fraction,
          0.6,
        )
        .option(
          '--size <pixels>',
          "long side of the network's input (default: as trained)",
          integer(64, 4096),
        ),
    ),
  ).action(async (images, options) => {
    const { renderDetect, runDetect } = await import('./detect.ts')
    const report = await runDetect({ ...options, images }, new Progress())
    print(options, report, () => renderDetect(report))
  })
}
