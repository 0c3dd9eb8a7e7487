import { type CommandLine, choice, DATASETS, fromFormat } from '../command-line.ts'
import { Progress } from '../progress.ts'

const MORE = [
  'Only labels are written. Images stay where they are and are named by their path relative to the image folder: put ' +
    'them into OUT/images (COCO, YOLO, CSV), OUT/JPEGImages (VOC) or OUT (LabelMe), or give --copy-images.',
  'Images without boxes are kept. Whatever is skipped or repaired is listed with file, line and reason.',
]

export function convertCommand({ command, print }: CommandLine): void {
  fromFormat(
    command('convert <in> <out>', 'convert a data set to another format', {
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
    .option('--images <folder>', 'folder of the images of IN, if they are not beside the labels')
    .option('--strict', 'fail, and write nothing, if anything would be skipped or repaired')
    .option('--overwrite', 'replace existing label files')
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
