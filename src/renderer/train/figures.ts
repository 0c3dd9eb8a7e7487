/** Figures of runs as people read them. */
import type { RunState, RunSummary } from '../../core/contract/studio/runs.ts'
import { MODELS } from '../../core/detectors/architectures.ts'
import { detectorOf } from '../../core/detectors/detectors.ts'
import { count } from '../ui/numbers.ts'

export const STATE_TITLES: Record<RunState, string> = {
  running: 'Training',
  pausing: 'Pausing after this step',
  paused: 'Paused',
  stopping: 'Saving and stopping',
  stopped: 'Stopped',
  interrupted: 'Interrupted',
  failed: 'Failed',
  done: 'Done',
}

/** COCO's −1 means that there was nothing to measure. */
export const ap = (value: number | undefined): string =>
  value === undefined || value < 0 ? '–' : value.toFixed(3)

/** "820 MB", "1.4 GB" */
export const memory = (megabytes: number): string =>
  megabytes < 1000 ? `${megabytes.toFixed(0)} MB` : `${(megabytes / 1024).toFixed(1)} GB`

/** "FCOS lite0 · 416 px" */
export function modelTitle({ architecture, detector, size, from }: RunSummary): string {
  if (architecture === null || size === null) return from
  return `${detectorOf({ detector }).title} ${MODELS[architecture].title} · ${size} px`
}

export const stepTitle = ({ step, steps }: RunSummary): string =>
  steps === null ? (step > 0 ? `step ${count(step)}` : 'preparing') : `step ${count(step)} of ${count(steps)}`
