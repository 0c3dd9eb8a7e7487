/** How learning goes on without an end: what is seen how often, how deep it goes, and when it may rest. */
import {
  LEARNING_DEPTHS,
  type LearningDepth,
  type TrainingFile,
  type TrainingOptions,
} from '../../../core/contract/training.ts'
import { augmentFor } from '../../../core/training/augmentation.ts'
import type { Trained } from '../../../core/training/presets.ts'
import type { TrainingSample } from '../data/samples.ts'

/**
 * Options of a run that has no end: a constant rate, batches of one image, since steps count more than their size, and the
 * mild variation that suits few images. The user's own go over them. `steps` sets the horizon of the moving average alone.
 */
export function live(chosen: TrainingFile): TrainingFile {
  return {
    ...chosen,
    training: {
      batch: 1,
      ...chosen.training,
      ...{ steps: 2000, average: true, cacheFeatures: false, evaluateEvery: 0 },
      augment: { ...augmentFor(1), ...chosen.training?.augment },
      schedule: { warmup: 20, decay: 'constant' },
    },
  }
}

/** Images that count as new, and how often they are seen for once of another. */
const NEW = { images: 4, times: 3 }

/** An epoch: every image or tile once, those of the newest images, which come last, more often. */
export function samplesInTurn(samples: readonly TrainingSample[]): TrainingSample[] {
  const paths = [...new Set(samples.map(({ path }) => path))].slice(-NEW.images)
  const recent = samples.filter(({ path }) => paths.includes(path))
  return [...samples, ...Array.from({ length: NEW.times - 1 }, () => recent).flat()]
}

/** Images from which on the backbone learns too. */
const DEEP_FROM = 50

/**
 * How deep a network learns whose backbone is trained: up to the pyramid at first, then as deep as the preset for so many
 * images. From few images more is learnt with a frozen backbone, and in half the time (docs/assist.md).
 */
export function liveDepth(preset: LearningDepth, images: number): LearningDepth {
  return images < DEEP_FROM && deeper(preset, 'fpn') ? 'fpn' : preset
}

/** Of the preset's rate, which suits larger batches and ends at 0 (docs/assist.md). */
const RATE = 0.25

/**
 * What a new run begins with.
 *
 * @param preset with the user's choices over it
 */
export function liveOptions(
  preset: TrainingOptions,
  { training: chosen }: TrainingFile,
  images: number,
  trained: Trained,
): TrainingOptions {
  const { optimiser, learn } = preset
  const isFixed = chosen?.learn !== undefined || trained === 'nothing'
  return {
    ...preset,
    optimiser: { ...optimiser, rate: optimiser.rate * (chosen?.optimiser?.rate === undefined ? RATE : 1) },
    learn: isFixed ? learn : liveDepth(learn, images),
  }
}

export const deeper = (one: LearningDepth, other: LearningDepth): boolean =>
  LEARNING_DEPTHS.indexOf(one) > LEARNING_DEPTHS.indexOf(other)

/** Views of images over which losses are averaged, at least and per image that there is. */
const WINDOW = { least: 100, perImage: 5 }
/** Windows after which it rests in any case. */
const MOST_WINDOWS = 12
/** Share by which a window's loss must lie below the best before, to count as progress. */
const PROGRESS = 0.02

/** Tells when the labels as they are teach nothing more: the loss has been flat for two windows. */
export class Settling {
  #window: number = WINDOW.least
  #sum = 0
  #seen = 0
  #views = 0
  #best = Number.POSITIVE_INFINITY
  #flat = 0
  #windows = 0

  /** The labels are others now. */
  begin(images: number): void {
    this.#window = Math.max(WINDOW.least, WINDOW.perImage * images)
    this.#sum = this.#seen = this.#views = this.#flat = this.#windows = 0
    this.#best = Number.POSITIVE_INFINITY
  }

  note(loss: number, views: number): void {
    this.#sum += loss
    this.#seen++
    this.#views += views
    if (this.#views < this.#window) return
    const mean = this.#sum / this.#seen
    this.#flat = mean < this.#best * (1 - PROGRESS) ? 0 : this.#flat + 1
    this.#best = Math.min(this.#best, mean)
    this.#windows++
    this.#sum = this.#seen = this.#views = 0
  }

  get settled(): boolean {
    return this.#flat >= 2 || this.#windows >= MOST_WINDOWS
  }
}
