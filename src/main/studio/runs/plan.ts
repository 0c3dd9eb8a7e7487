/** Turns the user's plan into a request for the engine. */

import { existsSync } from 'node:fs'
import type { EngineData } from '../../../core/contract/engine.ts'
import type { RunPlan } from '../../../core/contract/studio/runs.ts'
import type { TrainingFile } from '../../../core/contract/training.ts'
import { type Architecture, MODELS } from '../../../core/detectors/architectures.ts'
import { detectorOf } from '../../../core/detectors/detectors.ts'
import { CodedError } from '../../../core/errors.ts'
import type { Dataset } from '../../../core/formats/dataset.ts'
import type { Split } from '../../../core/project/model.ts'
import { NO_AUGMENTATION } from '../../../core/training/augmentation.ts'
import { countOf } from '../../../core/words.ts'
import { trainingData } from '../engine/engine-data.ts'
import { startingWeights } from '../engine/starting-weights.ts'
import { architectureOfFile } from '../engine/weights-file.ts'
import { datasetOf, type Project } from '../project/index.ts'
import type { RunStore } from './run-store.ts'

/** Options of a run that overfits one image; the user's own take precedence. */
const BY_HEART: NonNullable<TrainingFile['training']> = {
  steps: 150,
  batch: 1,
  accumulate: 1,
  evaluateEvery: 50,
  augment: NO_AUGMENTATION,
}

export interface PlannedData {
  readonly training: Dataset
  readonly validation: Dataset | null
}

/** Splits that suit the project: train and val if they contain labelled images, otherwise all images and none. */
export function usualSplits(project: Project): Pick<RunPlan, 'learnFrom' | 'measureWith'> {
  const has = (split: Split): boolean =>
    project.find(`state:in-progress,done split:${split} -count:0`).length > 0
  return { learnFrom: has('train') ? 'train' : null, measureWith: has('train') && has('val') ? 'val' : null }
}

/** The labels that the plan selects, as they are now. Throws USAGE_IMAGE if the image to overfit has none. */
export function plannedData(project: Project, { learnFrom, measureWith, overfit }: RunPlan): PlannedData {
  const all = (split: Split | null): Dataset => datasetOf(project, split ?? undefined).dataset
  if (overfit === null) return { training: all(learnFrom), validation: measureWith && all(measureWith) }
  const { categories, images } = all(null)
  const one = { categories, images: images.filter(({ id }) => id === overfit) }
  if (one.images.length === 0) {
    throw new CodedError('USAGE_IMAGE', 'This image has no labels to train on', 'Label it, then try again')
  }
  return { training: one, validation: one }
}

/** Throws DATA_NO_BOXES if there is nothing to learn from. A validation set without boxes is left out. */
export function engineSets(
  { imageRoot }: Project,
  { training, validation }: PlannedData,
): { readonly data: EngineData; readonly validation: EngineData | null } {
  const measurable = validation && hasBoxes(validation) ? validation : null
  const named = (name: string, dataset: Dataset) => ({ name, dataset, imageRoot })
  if (!hasBoxes(training)) {
    throw new CodedError(
      'DATA_NO_BOXES',
      `${countOf(training.images.length, 'image')} to train on, without any box`,
      'Draw some, mark the images as done, or train on another split',
    )
  }
  const sets = trainingData(named('training', training), measurable && named('validation', measurable))
  return { data: sets.data, validation: sets.validation }
}

export const hasBoxes = ({ images }: Dataset): boolean =>
  images.some(({ annotations }) => annotations.some(({ crowd }) => !crowd))

/** Boxes by class, crowd regions left out. */
export function countBoxes({ images }: Dataset): Map<number, number> {
  const counts = new Map<number, number>()
  for (const { annotations } of images) {
    for (const { crowd, categoryId } of annotations) {
      if (!crowd) counts.set(categoryId, (counts.get(categoryId) ?? 0) + 1)
    }
  }
  return counts
}

export function plannedOptions({ options, overfit }: RunPlan): TrainingFile {
  return overfit === null ? options : { ...options, training: { ...BY_HEART, ...options.training } }
}

/** Throws USAGE_RUN, USAGE_NO_FILE, WEIGHTS_*. */
export async function architectureOf(plan: RunPlan, store: RunStore): Promise<Architecture> {
  const { model } = plan
  if (model.kind === 'pretrained') return model.architecture
  const known = model.kind === 'run' ? store.get(model.run).summary.architecture : null
  return known ?? architectureOfFile(weightsFile(plan, store)!)
}

export interface Beginning {
  /** Null if the weights state it. */
  readonly architecture: Architecture | null
  readonly weights: string | null
}

/**
 * Throws USAGE_RUN, USAGE_NO_FILE. `say` is called for downloads, and for a start from random weights if they fail.
 */
export async function beginning(
  plan: RunPlan,
  store: RunStore,
  say: (line: string) => void,
): Promise<Beginning> {
  const { model } = plan
  if (model.kind === 'pretrained') {
    const { architecture, file } = await startingWeights(
      model.architecture,
      say,
      plan.options.model?.detector,
    )
    return { architecture, weights: file }
  }
  return { architecture: null, weights: weightsFile(plan, store) }
}

/** Null for published weights. Throws USAGE_RUN, USAGE_NO_FILE. */
export function weightsFile({ model }: RunPlan, store: RunStore): string | null {
  if (model.kind === 'pretrained') return null
  if (model.kind === 'file') {
    if (existsSync(model.path)) return model.path
    throw new CodedError('USAGE_NO_FILE', `There is no weights file ${model.path}`, 'Choose another')
  }
  const { checkpoint, name } = store.get(model.run).summary
  if (checkpoint) return checkpoint
  throw new CodedError('USAGE_RUN', `${name} has no model yet`, 'Let it continue, or start from another')
}

/**
 * The published weights that a new model of the detector starts from: those of the whole detector, or of its backbone
 * only.
 */
export const publishedWeights = (
  architecture: Architecture,
  detector: string | undefined,
): 'COCO weights' | 'ImageNet weights' =>
  (detectorOf({ detector }).pretrained[architecture] ?? []).length > 0 ? 'COCO weights' : 'ImageNet weights'

/** "lite0, ImageNet weights" */
export function startTitle({ model, options }: RunPlan, store: RunStore): string {
  switch (model.kind) {
    case 'pretrained':
      return `${MODELS[model.architecture].title}, ${publishedWeights(model.architecture, options.model?.detector)}`
    case 'run':
      return store.get(model.run).note.name
    case 'file':
      return model.path
  }
}
