import type { ScheduleConfig } from '../../../core/contract/training.ts'

/** The warm-up's first factor (torchvision, detectron2: a thousandth). */
const WARMUP_FROM = 1e-3

/** What the learning rate is multiplied by at a step in 0 … steps − 1. */
export function rateFactor(step: number, steps: number, { warmup, decay }: ScheduleConfig): number {
  if (step < warmup) return WARMUP_FROM + (1 - WARMUP_FROM) * (step / warmup)
  const progress = step / steps
  if (decay === 'constant') return 1
  if (decay === 'steps') return progress < 0.7 ? 1 : progress < 0.9 ? 0.1 : 0.01
  return 0.5 * (1 + Math.cos((Math.PI * (step - warmup)) / Math.max(1, steps - warmup)))
}
