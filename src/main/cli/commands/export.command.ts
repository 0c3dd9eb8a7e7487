import { Option } from 'commander'
import { CALIBRATION_IMAGES } from '../../../core/contract/studio/exports.ts'
import { type CommandLine, choice } from '../command-line.ts'
import { integer } from '../options.ts'
import { Progress } from '../progress.ts'

const MORE = [
  'Image in, boxes out: normalisation, decoding and non-maximum suppression are inside the file, and what it finds is what ' +
    'fcos detect finds. Batch, height and width are free; sides are multiples of 32.',
  'A fresh process then runs the file in ONNX Runtime beside the model. If labels differ, boxes by more than 0.1 px or ' +
    'scores by more than 1e-4, the command fails and no file stays. Without --images, it takes images of the run that the ' +
    'model comes from, or else those of the sample.',
  '--int8 measures on images which values occur inside the network, so take those of the kind that the model is for. The check then ' +
    'compares confident detections (with a score above the threshold of their class, 0.4 without one): of the ' +
    "model's and the file's, 95 % must be found by both, with the same label, an IoU of 0.5 and scores within 0.1.",
]

export function exportCommand({ command, print }: CommandLine): void {
  command('export <model> <out>', 'write a model as an ONNX file, for other programs', {
    more: MORE,
    example: 'fcos export runs/cells/best.safetensors --to onnx cells.onnx',
  })
    .addOption(choice('--to <format>', 'of OUT', ['onnx']).makeOptionMandatory())
    .option('--raw', "the head's raw outputs instead of detections")
    .option('--half', 'weights in float16: half the size, computed in float32')
    .addOption(
      new Option(
        '--int8',
        'weights and activations in int8: a quarter of the size, about twice as fast on a CPU',
      ).conflicts('half'),
    )
    .option(
      '--calibrate <images...>',
      'images or data sets to calibrate int8 on (default: those that the model was trained on)',
    )
    .option('--calibration-images <n>', 'number of them, taken evenly', integer(1, 1000), CALIBRATION_IMAGES)
    .option('--images <images...>', 'images or data sets to check the file on')
    .option('--check <n>', 'number of images to check the file on; 0: none', integer(0, 1000), 8)
    .option('--overwrite', 'replace OUT')
    .action(async (model, out, options) => {
      const { renderExport, runExport } = await import('./export.ts')
      const report = await runExport({ ...options, model, out }, new Progress())
      print(options, report, () => renderExport(report))
    })
}
