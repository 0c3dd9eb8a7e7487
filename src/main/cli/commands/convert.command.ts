import { type CommandLine, choice, DATASETS, fromFormat } from '../command-line.ts'
import { Progress } from '../progress.ts'

const MORE = [
  'Only labels are written. Images stay where they are and are named by their path relative to the image folder: put ' +
    'them into OUT/images (COCO, YOLO, CSV), OUT/JPEGImages (VOC) or OUT (LabelMe), or give --copy-images.',
  'Images without boxes are kept. Whatever is skipped or mended is listed with its file, line and reason.',
]

export function convertCommand({ command, print }: CommandLine): void {
  fromFormat(
    command('convert <in> <out>', 'another format for a data set', {
      more: [...DATASETS, ...MORE],
      example: 'fcos convert BCCD --to coco bccd.json',
    }),
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
        import('./convert.ts'),
        import('../interrupt.ts'),
      ])
      const progress = new Progress()
      const report = await interruptible(
        (text) => progress.say(text),
        (signal) => runConvert({ ...options, input, out }, { signal, onProgress: progress.seldom() }),
      ).finally(() => progress.end())
      print(options, report, () => renderConvert(report))
    })
}
