/** A run's settings as titles and values, for reading one and for comparing several. */
import type { RunDetail } from '../../core/contract/studio/runs.ts'
import { MODELS } from '../../core/detectors/architectures.ts'
import { detectorOf } from '../../core/detectors/detectors.ts'
import { count } from '../ui/numbers.ts'
import { DECAY_TITLES, DEPTH_TITLES, OPTIMISER_TITLES } from './option-titles.ts'

export interface Setting {
  readonly title: string
  readonly value: string
}

const onOff = (on: boolean): string => (on ? 'on' : 'off')
const share = (value: number): string => String(Number(value.toPrecision(3)))

/** Empty before the engine has begun. */
export function settingsOf({ model, options, canvas, data }: Omit<RunDetail, 'folder'>): Setting[] {
  if (!model || !options || !canvas) return []
  const { optimiser, schedule, augment } = options
  const rows: Record<string, string> = {
    Model: MODELS[model.architecture].title,
    'Input size': `${options.size} px (${canvas.width} × ${canvas.height})`,
    'Images to learn from': count(data?.training.images ?? 0),
    Steps: count(options.steps),
    Batch: options.accumulate > 1 ? `${options.batch} × ${options.accumulate}` : String(options.batch),
    'What learns': DEPTH_TITLES[options.learn],
    Optimiser: OPTIMISER_TITLES[optimiser.kind],
    'Learning rate': share(optimiser.rate),
    'Share of the pyramid': share(optimiser.pyramidShare),
    'Share of the backbone': share(optimiser.backboneShare),
    'Weight decay': share(optimiser.weightDecay),
    'Gradient limit': optimiser.clipNorm === 0 ? 'none' : share(optimiser.clipNorm),
    'Warm-up': `${schedule.warmup} steps`,
    Decay: DECAY_TITLES[schedule.decay],
    Mirrored: `${share(augment.hflip)} sideways, ${share(augment.vflip)} upside down`,
    Scale: `${augment.scale[0]} to ${augment.scale[1]}`,
    'Brightness, contrast': `±${share(augment.brightness)}, ±${share(augment.contrast)}`,
    'Saturation, hue': `±${share(augment.saturation)}, ±${share(augment.hue)}`,
    Mosaic: share(augment.mosaic),
    'Averaged weights': onOff(options.average),
    'Cached features': onOff(options.cacheFeatures),
    ...detectorOf(model).describe(model).settings,
    Seed: String(options.seed),
  }
  return Object.entries(rows).map(([title, value]) => ({ title, value }))
}
