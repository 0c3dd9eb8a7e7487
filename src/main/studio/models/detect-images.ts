/** Detection in the project's own images: candidates into the cache, then proposals into the project. */
import { setImmediate } from 'node:timers/promises'
import type { ImageCandidates } from '../../../core/contract/model-assets.ts'
import type { CurrentModel, DetectionReport } from '../../../core/contract/studio/models.ts'
import { guessesOf } from '../../../core/detectors/shared/select.ts'
import { matchClasses } from '../../../core/review/class-match.ts'
import type { JobContext } from '../jobs.ts'
import type { Project } from '../project/index.ts'
import { findCandidates, type Target } from './find-candidates.ts'
import type { Models } from './models.ts'

export interface DetectImagesOptions {
  readonly images: readonly number[]
  readonly score: number
  readonly nms: number
  readonly addClasses: boolean
}

/** Number of images per transaction, few enough that windows stay responsive in between. */
const CHUNK = 100

/**
 * Throws ENGINE_*, WEIGHTS_*, IO_*, USAGE_PROJECT_BUSY while an import goes on, and the signal's reason: what was computed
 * until then is kept, and no proposal has changed.
 */
export async function detectImages(
  models: Models,
  model: CurrentModel,
  project: Project,
  { images, ...options }: DetectImagesOptions,
  control: JobContext,
): Promise<DetectionReport> {
  if (project.readOnly) throw project.readOnly
  const { targets, skipped, known, imagesPerSecond } = await findCandidates(
    models,
    model,
    project,
    images,
    control,
  )
  control.report(null, 'Writing proposals')
  const written = await propose(models, model, project, targets, options, control.signal)
  return {
    images: images.length - skipped.length,
    ...{ known, skipped, imagesPerSecond },
    ...written,
  }
}

interface Written {
  readonly proposals: number
  readonly unknownClasses: DetectionReport['unknownClasses']
}

/** All images as one step of the history. */
async function propose(
  models: Models,
  model: CurrentModel,
  project: Project,
  targets: readonly Target[],
  { score, nms, addClasses }: Omit<DetectImagesOptions, 'images'>,
  signal: AbortSignal,
): Promise<Written> {
  const gesture = project.history.begin('Propose boxes', { exclusive: true })
  const unknown = new Map<string, number>()
  let proposals = 0
  const proposeIn = (id: number, { candidates, model: { config } }: ImageCandidates): void => {
    const guesses = guessesOf(candidates, { score, nms, centerness: true })
    if (addClasses) {
      const seen = new Set(guesses.map(({ label }) => label))
      const known = matchClasses(config.classes, project.classes.all())
      for (const label of seen) if (known[label] === null) project.classes.add(config.classes[label]!.name)
    }
    const classIds = matchClasses(config.classes, project.classes.all())
    const known = guesses.flatMap(({ label, index: _, ...guess }) => {
      const classId = classIds[label] ?? null
      if (classId !== null) return [{ classId, ...guess }]
      const { name } = config.classes[label]!
      unknown.set(name, (unknown.get(name) ?? 0) + 1)
      return []
    })
    proposals += project.annotations.propose(id, model.title, known).length
  }
  try {
    for (let start = 0; start < targets.length; start += CHUNK) {
      const chunk = targets.slice(start, start + CHUNK)
      const found = await Promise.all(chunk.map(({ key }) => models.cache.require(model.key, key)))
      signal.throwIfAborted()
      gesture.extend(() => {
        for (const [i, { id }] of chunk.entries()) proposeIn(id, found[i]!)
      })
      await setImmediate()
    }
    gesture.commit()
  } catch (error) {
    gesture.cancel()
    throw error
  }
  return { proposals, unknownClasses: [...unknown].map(([name, found]) => ({ name, found })) }
}
