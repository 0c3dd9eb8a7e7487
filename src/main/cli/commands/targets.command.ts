import { type CommandLine, choice } from '../command-line.ts'
import { nonNegative } from '../options.ts'

const MORE = [
  'BOXES.json is a list of [x1, y1, x2, y2] in pixels. T.safetensors gets labels [L] (index of the box, -1 for ' +
    'background), ltrb [L, 4] in pixels, centerness [L] and level [L]; levels P3 to P7 in order, each row by row.',
]

export function targetsCommand({ command, print }: CommandLine): void {
  command('targets', 'what FCOS learns at every location from given boxes', {
    more: MORE,
    example: 'fcos targets --width 800 --height 1088 --boxes boxes.json --out targets.safetensors',
  })
    .requiredOption('--width <pixels>', "of the network's input", Number)
    .requiredOption('--height <pixels>', "of the network's input", Number)
    .requiredOption('--boxes <file>', 'JSON list of boxes')
    .requiredOption('--out <file>', 'safetensors file to write')
    .option('--radius <strides>', 'of center sampling; 0 turns it off', nonNegative, 1.5)
    .addOption(choice('--dialect <name>', 'whose assignment', ['authors', 'torchvision']).default('authors'))
    .action(async (options) => {
      const { renderTargets, runTargets } = await import('./targets.ts')
      const report = await runTargets(options)
      print(options, report, () => renderTargets(report))
    })
}
