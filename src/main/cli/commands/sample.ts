/** `fcos sample`: demonstrates everything on the bundled sample: fine-tunes, evaluates, and draws the detections. */

import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { countOf } from '../../../core/words.ts'
import { Interrupted } from '../interrupt.ts'
import type { Progress } from '../progress.ts'
import { type DetectReport, runDetect } from './detect.ts'
import { evaluationLines, runTrain, type TrainReport } from './train.ts'

const SAMPLE = fileURLToPath(new URL('../../../../resources/sample/', import.meta.url))

export interface SampleReport {
  readonly train: TrainReport
  readonly detect: DetectReport
}

/** Everything is written to a new folder `fcos-sample-run` in the working directory. */
export async function runSample(progress: Progress, steps?: number): Promise<SampleReport> {
  const folder = freshFolder('fcos-sample-run')
  const [data, val] = ['train.json', 'val.json'].map((name) => path.join(SAMPLE, name)) as [string, string]
  progress.say(`Fine-tuning lite0 on the sample (dice, marbles and pawns) in ${folder}`)
  const train = await runTrain(
    { data, val, model: 'lite0', out: path.join(folder, 'run'), ...(steps !== undefined && { steps }) },
    progress,
  )
  if (!train.complete)
    throw new Interrupted(`Stopped after step ${train.steps}; what exists so far is in ${folder}`)
  const detect = await runDetect(
    {
      model: train.checkpoint,
      images: [val],
      out: path.join(folder, 'detections.json'),
      format: 'coco',
      overlay: path.join(folder, 'pictures'),
      batch: 1,
      limit: 100,
    },
    progress,
  )
  return { train, detect }
}

function freshFolder(name: string): string {
  for (let n = 1; ; n++) {
    const folder = path.resolve(n === 1 ? name : `${name}-${n}`)
    if (!existsSync(folder)) return folder
  }
}

export function renderSample({ train, detect }: SampleReport): string {
  const show = (file: string): string => path.relative('', file) || '.'
  return [
    '',
    ...(train.evaluation ? evaluationLines(train.evaluation) : []),
    '',
    `Pictures of ${countOf(detect.images, 'validation image')}, detections in colour, ground truth dashed: ${show(detect.overlay!)}`,
    `Checkpoint: ${show(train.checkpoint)}`,
    '',
    'Next, with your own images (node bin/fcos.mjs is `fcos`):',
    '  fcos inspect MY_DATASET',
    '  fcos train --data MY_DATASET:train --val MY_DATASET:val --model lite0 --out my-run',
    '  fcos detect --model my-run/best.safetensors MY_IMAGES --out found.json --overlay pictures',
  ].join('\n')
}
