import { type CommandLine, choice } from '../command-line.ts'

export function evalCommand({ command, print }: CommandLine): void {
  command('eval', 'compute the 12 COCO metrics, overall and per class, as pycocotools does', {
    example: 'fcos eval --gt val.json --dt found.json',
  })
    .requiredOption('--gt <file>', 'COCO ground truth')
    .requiredOption('--dt <file>', 'COCO results list')
    .addOption(choice('--iou-type <type>', 'compare boxes or masks', ['bbox', 'segm']).default('bbox'))
    .action(async (options) => {
      const { evalJson, renderEval, runEval } = await import('./eval.ts')
      const report = await runEval(options)
      print(options, evalJson(report), () => renderEval(report))
    })
}
