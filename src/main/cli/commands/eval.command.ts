import { type CommandLine, choice, DATASETS, fromFormat } from '../command-line.ts'
import { Progress } from '../progress.ts'

export function evalCommand({ command, print }: CommandLine): void {
  fromFormat(
    command('eval', 'compute the 12 COCO metrics, overall and per class, as pycocotools does', {
      more: DATASETS,
      example: 'fcos eval --gt val.json --dt found.json',
    }),
  )
    .requiredOption('--gt <dataset>', 'ground truth')
    .requiredOption('--dt <file>', 'COCO results list')
    .addOption(choice('--iou-type <type>', 'compare boxes or masks', ['bbox', 'segm']).default('bbox'))
    .action(async (options) => {
      const { evalJson, renderEval, runEval } = await import('./eval.ts')
      const progress = new Progress()
      const report = await runEval(options, (line) => progress.say(line))
      print(options, evalJson(report), () => renderEval(report))
    })
}
