import { InvalidArgumentError } from 'commander'
import { type CommandLine, choice } from '../command-line.ts'
import { integer, nonNegative } from '../options.ts'

const MORE = [
  'BOXES.json is a list of [x1, y1, x2, y2] in pixels, OBJECTS.json a list of {"box": [x1, y1, x2, y2], "class": 0, ' +
    '"segmentation": […]}, with COCO polygons or RLE.',
  'fcos: labels [L] (index of the box, -1 for background), ltrb [L, 4] in pixels, centerness [L] and level [L]; levels P3 to ' +
    'P7 in order, each row by row. atss: the same, and candidates [G, C], candidate_iou [G, C], threshold [G].',
  'retinanet: anchors [A, 4], matched [A] (-1 background, -2 ignored), best_iou [A]. centernet: heatmap [K, h, w], size [N, 2] ' +
    'and offset [N, 2] in cells, index [N] (y·w + x, -1 where dropped). polarmask: labels [L], and of the P positive locations ' +
    'positive_index [P], rays [P, n] in pixels (0° down, 90° right), ltrb [P, 4], centerness [P].',
]

export function targetsCommand({ command, print }: CommandLine): void {
  command('targets', 'write what a detector learns at every location from given boxes', {
    more: MORE,
    example: 'fcos targets --width 800 --height 1088 --boxes boxes.json --out targets.safetensors',
  })
    .addOption(
      choice('--detector <name>', 'whose targets', [
        'fcos',
        'retinanet',
        'atss',
        'centernet',
        'polarmask',
      ]).default('fcos'),
    )
    .requiredOption('--width <pixels>', "of the network's input", Number)
    .requiredOption('--height <pixels>', "of the network's input", Number)
    .option('--boxes <file>', 'JSON list of boxes')
    .option('--objects <file>', 'JSON list of objects, instead of --boxes')
    .requiredOption('--out <file>', 'safetensors file to write')
    .option(
      '--radius <strides>',
      'fcos: radius of center sampling; 0 turns it off (default: 1.5)',
      nonNegative,
    )
    .addOption(
      choice('--dialect <name>', 'fcos, atss: whose assignment rules (default: authors)', [
        'authors',
        'torchvision',
        'mmdet',
      ]),
    )
    .addOption(
      choice('--masks <use>', 'fcos: sample around the centre of the mask, or learn only its pixels', [
        'center',
        'pixels',
        'both',
      ]),
    )
    .addOption(
      choice('--fallback <rule>', 'fcos: what to do if no location is inside a mask (default: nearest)', [
        'none',
        'base',
        'nearest',
      ]),
    )
    .addOption(
      choice('--rays <rule>', 'polarmask: how rays are measured (default: exact)', ['exact', 'code']),
    )
    .option('--count <rays>', 'polarmask: number of rays (default: 36)', integer(4, 360))
    .option('--k <count>', 'atss: candidates per level (default: 9)', integer(1, 1000))
    .option(
      '--classes <count>',
      'centernet: number of classes (default: up to the highest in use)',
      integer(1),
    )
    .addOption(
      choice('--radius-rule <name>', 'centernet: radius of the peaks (default: authors)', [
        'authors',
        'corrected',
      ]),
    )
    .option('--min-overlap <iou>', 'centernet: minimum IoU within the radius (default: 0.7)', overlap)
    .action(async (options) => {
      const { renderTargets, runTargets } = await import('./targets.ts')
      const report = await runTargets(options)
      print(options, report, () => renderTargets(report))
    })
}

function overlap(text: string): number {
  const value = Number(text)
  if (value > 0 && value < 1) return value
  throw new InvalidArgumentError('Give a number between 0 and 1.')
}
