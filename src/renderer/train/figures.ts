/** Figures of runs as people read them. */
import type { RunState, RunSummary } from '../../core/contract/studio/runs.ts'
import { MODELS } from '../../core/detectors/architectures.ts'
import { detectorOf } from '../../core/detectors/detectors.ts'
import { isAtWork } from '../session/run-list.svelte.ts'
import { count, countOf, duration } from '../ui/numbers.ts'

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

/** "AP 0.512"; of a detector that finds outlines "AP 0.512, of masks 0.480". */
export const bestAp = ({ ap: ofBoxes, maskAp }: NonNullable<RunSummary['best']>): string =>
  `AP ${ap(ofBoxes)}${maskAp === undefined ? '' : `, of masks ${ap(maskAp)}`}`

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

/** What stands below a run's name. Assist has no last step, so that no time is left; it says what it learns from. */
export function factsOf(run: RunSummary): string[] {
  const live = isAtWork(run) ? run.live : null
  return [
    modelTitle(run),
    ...(run.assist && run.images !== null ? [`learns from ${countOf(run.images, 'image')}`] : []),
    ...(run.steps === null && !run.assist ? [] : [stepTitle(run)]),
    ...(live && run.state === 'running' ? [`${live.imagesPerSecond.toFixed(1)} images/s`] : []),
    ...(live && run.state === 'running' && !run.assist ? [`${duration(live.remainingSeconds)} left`] : []),
    ...(live
      ? [live.device.toUpperCase(), `${memory(live.memoryMb)} of memory, peak ${memory(live.peakMb)}`]
      : []),
  ]
}

/** Assist's run trains while somebody labels. */
export const stateTitle = ({ state, assist }: RunSummary): string =>
  assist && state === 'running' ? 'Learns while you label' : STATE_TITLES[state]
