import type { TrainingOptions } from '../../core/contract/training.ts'

export const DEPTH_TITLES: Record<TrainingOptions['learn'], string> = {
  predictors: 'the last convolutions',
  head: 'the head',
  fpn: 'head and pyramid',
  c5: 'from stage 5 of the backbone on',
  c4: 'from stage 4 of the backbone on',
  c3: 'from stage 3 of the backbone on',
  c2: 'everything',
}

export const DECAY_TITLES: Record<TrainingOptions['schedule']['decay'], string> = {
  cosine: 'cosine, to 0',
  steps: 'in steps at 70 and 90 %',
  constant: 'none',
}

export const OPTIMISER_TITLES: Record<TrainingOptions['optimiser']['kind'], string> = {
  sgd: 'SGD',
  adamw: 'AdamW',
}
