import type { TrainingOptions } from '../../core/contract/training.ts'

export const DEPTH_TITLES: Record<TrainingOptions['learn'], string> = {
  quality: 'Centerness branch alone',
  predictors: 'Predictors (last convolutions)',
  head: 'Head',
  fpn: 'Head and feature pyramid',
  c5: 'Backbone from stage 5',
  c4: 'Backbone from stage 4',
  c3: 'Backbone from stage 3',
  c2: 'All layers',
}

export const tileTitle = (tile: TrainingOptions['tile'] = 'off'): string =>
  tile === 'auto' ? 'in tiles where needed' : tile === 'off' ? 'shrunk whole' : `in tiles of ${tile} px`

/** The choices, and what a configuration file may have set beside them. */
export const tileChoices = (tile: TrainingOptions['tile'] = 'auto') =>
  [...new Set(['auto', 'off', tile] as const)].map((of) => ({ value: String(of), title: tileTitle(of) }))

export const DECAY_TITLES: Record<TrainingOptions['schedule']['decay'], string> = {
  cosine: 'cosine to 0',
  steps: 'in steps at 70% and 90%',
  constant: 'none',
}

export const OPTIMISER_TITLES: Record<TrainingOptions['optimiser']['kind'], string> = {
  sgd: 'SGD',
  adamw: 'AdamW',
}
