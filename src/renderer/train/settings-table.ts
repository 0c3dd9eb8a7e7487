/** A run's settings as titles and values, for one run or for comparing several. */
import type { RunDetail } from '../../core/contract/studio/runs.ts'
import { MODELS } from '../../core/detectors/architectures.ts'
import { detectorOf } from '../../core/detectors/detectors.ts'
import { count } from '../ui/numbers.ts'
import { DECAY_TITLES, DEPTH_TITLES, OPTIMISER_TITLES, tileTitle } from './option-titles.ts'

export interface Setting {
  readonly title: string
  readonly value: string
}

const onOff = (on: boolean): string => (on ? 'on' : 'off')
const share = (value: number): string => String(Number(value.toPrecision(3)))

/** Empty before the engine has started. */
export function settingsOf({ model, options, canvas, data }: Omit<RunDetail, 'folder'>): Setting[] {
  if (!model || !options || !canvas) return []
  const { optimiser, schedule, augment } = options
  const rows: Record<string, string> = {
    Detector: detectorOf(model).title,
    Backbone: MODELS[model.architecture].title,
    'Input size': `${options.size} px (${canvas.width} × ${canvas.height})`,
    'Training images': count(data?.training.images ?? 0),
    Steps: count(options.steps),
    'Batch size': String(options.batch),
    'Gradient accumulation': String(options.accumulate),
    'Trained layers': DEPTH_TITLES[options.learn],
    Optimiser: OPTIMISER_TITLES[optimiser.kind],
    'Learning rate': share(optimiser.rate),
    'Learning rate of the pyramid': `× ${share(optimiser.pyramidShare)}`,
    'Learning rate of the backbone': `× ${share(optimiser.backboneShare)}`,
    'Weight decay': share(optimiser.weightDecay),
    'Gradient clipping': optimiser.clipNorm === 0 ? 'none' : share(optimiser.clipNorm),
    'Warm-up': `${schedule.warmup} steps`,
    'Learning rate decay': DECAY_TITLES[schedule.decay],
    'Flip horizontally': share(augment.hflip),
    'Flip vertically': share(augment.vflip),
    Scale: `${augment.scale[0]} to ${augment.scale[1]}`,
    'Brightness, contrast': `±${share(augment.brightness)}, ±${share(augment.contrast)}`,
    'Saturation, hue': `±${share(augment.saturation)}, ±${share(augment.hue)}`,
    Mosaic: share(augment.mosaic),
    'Large images': tileTitle(options.tile),
    'EMA of the weights': onOff(options.average),
    'Cached features': onOff(options.cacheFeatures),
    ...detectorOf(model).describe(model).settings,
    Seed: String(options.seed),
  }
  return Object.entries(rows).map(([title, value]) => ({ title, value }))
}
