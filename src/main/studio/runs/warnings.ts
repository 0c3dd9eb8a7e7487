/** Warnings that are given before a run starts. */

import { requireProgramFor } from '../../../core/contract/job.ts'
import type { Proposal, RunPlan, RunWarning } from '../../../core/contract/studio/runs.ts'
import { detectorOf } from '../../../core/detectors/detectors.ts'
import type { ModelConfig } from '../../../core/detectors/model-config.ts'
import { CodedError } from '../../../core/errors.ts'
import type { Dataset } from '../../../core/formats/dataset.ts'
import { countOf } from '../../../core/words.ts'
import type { Project } from '../project/index.ts'
import { countBoxes, hasBoxes, type PlannedData } from './plan.ts'

/** A class with fewer boxes is hardly learnt. */
const FEW_BOXES = 10
/** Number of classes that a sentence names. */
const MOST_NAMED = 4
/** An image with fewer than this share of the usual number of boxes looks half labelled, if the others have some. */
const FEW_SHARE = 0.25
const LEAST_USUAL = 4
/** Such images are mentioned if they are at least this share of all. */
const MANY_SHARE = 0.1

interface Circumstances extends Pick<Proposal, 'recall' | 'engine' | 'objects'> {
  readonly size: number
  /** Images that are learnt from or measured with in tiles. */
  readonly tiled: number
  /** The configuration with the choices of the plan. */
  readonly model: Pick<ModelConfig, 'detector' | 'head' | 'loss' | 'assignment'>
  /** The warning about classes that no location learns. */
  readonly withoutPositives: string | null
}

export function warningsOf(
  project: Project,
  plan: RunPlan,
  data: PlannedData,
  { recall, engine, objects, size, tiled, model, withoutPositives }: Circumstances,
): RunWarning[] {
  const warnings: RunWarning[] = []
  const warn = (kind: RunWarning['kind'], message: string, query: string | null = null): void => {
    warnings.push({ kind, message, query })
  }
  const refusal = plan.place && placeRefusal(model)
  if (refusal) warn('place', refusal)
  else if (plan.place && tiled > 0)
    warn(
      'place',
      `PyTorch has no tiles, in which ${countOf(tiled, 'large image')} would be seen: choose shrunk whole under Large images`,
    )
  if (!engine.canTrain) warn('cannot-train', engine.title)
  if (!hasBoxes(data.training)) {
    const message = 'There is nothing to train on: label some images, and mark images without objects as done'
    warn('no-boxes', message)
    return warnings
  }
  if (plan.overfit === null) {
    if (data.validation === null || !hasBoxes(data.validation)) {
      const message = `No validation images, so the model's quality cannot be measured. ${validationCure(project)}`
      warn('no-validation', message)
    } else if (plan.learnFrom === null || plan.learnFrom === plan.measureWith) {
      warn('shared-images', 'Training and validation share images, so the measured AP will be too high')
    }
    warnings.push(
      ...unreadable(project, plan),
      ...fewBoxes(data.training),
      ...unlabelled(project, plan, data.training),
    )
  }
  const { learnsOutlines, title } = detectorOf(model)
  if (learnsOutlines && objects.outlined === 0)
    warn(
      'no-outlines',
      `${title} learns outlines, and no object to train on has one. Draw some, or choose another detector`,
    )
  if (plan.overfit === null && withoutPositives !== null) warn('no-positives', withoutPositives)
  const lost = recall.boxes - recall.learnable
  if (lost > 0) {
    const message = `${lost} of ${recall.boxes} boxes have no location that learns them at ${size} px. A larger input, or tiles, reach small boxes; the X-ray shows which ones are affected`
    warn('unlearnable', message)
  }
  return warnings
}

function placeRefusal(model: Circumstances['model']): string | null {
  try {
    requireProgramFor(model)
    return null
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    return error.message
  }
}

function validationCure(project: Project): string {
  if (project.find('split:val').length === 0) return 'Split the images first'
  const isLabelled = project.find('split:val state:in-progress,done -count:0').length > 0
  return isLabelled ? 'Measure with the validation split' : 'Label those of the validation split first'
}

function unreadable(project: Project, { learnFrom, measureWith }: RunPlan): RunWarning[] {
  const splits = learnFrom === null ? '' : ` split:${[learnFrom, measureWith].filter(Boolean).join(',')}`
  const query = `state:in-progress,done has:error${splits}`
  const images = project.find(query).length
  if (images === 0) return []
  const message = `${countOf(images, 'labelled image is', 'labelled images are')} left out because ${images === 1 ? 'its file' : 'their files'} cannot be read. The labels are kept`
  return [{ kind: 'unreadable', message, query }]
}

function fewBoxes(training: Dataset): RunWarning[] {
  const counts = countBoxes(training)
  const few = training.categories
    .map(({ id, name }) => ({ name, boxes: counts.get(id) ?? 0 }))
    .filter(({ boxes }) => boxes < FEW_BOXES)
  if (few.length === 0) return []
  const named = few.slice(0, MOST_NAMED).map(({ name, boxes }) => `${name} (${boxes})`)
  const more = few.length > named.length ? ` and ${few.length - named.length} more` : ''
  const message = `Fewer than ${FEW_BOXES} boxes of ${named.join(', ')}${more} to train on: expect the model to miss most objects of ${few.length === 1 ? 'this class' : 'these classes'}`
  return [{ kind: 'few-boxes', message, query: `class:${few.map(({ name }) => quoted(name)).join(',')}` }]
}

/** Objects without a box are learned as background. */
function unlabelled(project: Project, { learnFrom }: RunPlan, { images }: Dataset): RunWarning[] {
  const split = learnFrom ? ` split:${learnFrom}` : ''
  const warnings: RunWarning[] = []
  const fresh = project.find(`state:new${split}`).length
  if (fresh > 0) {
    const message = `${fresh} ${fresh === 1 ? 'image is' : 'images are'} new and left out, because ${fresh === 1 ? 'it is' : 'they are'} not labelled yet`
    warnings.push({ kind: 'unlabelled', message, query: `state:new${split}` })
  }
  const counts = images.map(({ annotations }) => annotations.length).toSorted((a, b) => a - b)
  const usual = counts[counts.length >> 1] ?? 0
  const limit = Math.floor(usual * FEW_SHARE)
  const few = counts.filter((count) => count <= limit).length
  if (usual >= LEAST_USUAL && few >= MANY_SHARE * counts.length) {
    const message = `${countOf(few, 'image has', 'images have')} ${limit === 0 ? 'no boxes' : limit === 1 ? 'at most 1 box' : `at most ${limit} boxes`}, while the median is ${usual}. Objects without a box are learnt as background`
    warnings.push({ kind: 'unlabelled', message, query: `state:in-progress,done count:<=${limit}${split}` })
  }
  return warnings
}

const quoted = (name: string): string => `"${name.replaceAll(/["\\]/g, '\\$&')}"`
