/** What the learner makes of images before it has learnt from them. */
import type { Proposed } from '../../../core/assist/outcome.ts'
import { decodeCandidateFile, type ImageCandidates } from '../../../core/contract/model-assets.ts'
import type { CurrentModel } from '../../../core/contract/studio/models.ts'
import { detectorOf } from '../../../core/detectors/detectors.ts'
import { evaluationSelection, guessesOf } from '../../../core/detectors/shared/select.ts'
import { CodedError } from '../../../core/errors.ts'
import { matchClasses } from '../../../core/review/class-match.ts'
import { keyOf } from '../../images/image-file.ts'
import { findCandidates } from '../models/find-candidates.ts'
import type { Models } from '../models/models.ts'
import type { Project } from '../project/index.ts'
import type { Judgements } from './judgements.ts'

/** Images that are looked at ahead whenever one is finished. */
const LOOKED_AHEAD = 8

export class Examiner {
  readonly #project: Project
  readonly #models: Models
  /** Keys of the versions of the model that answered for an image that is not finished, the newest last. */
  readonly #served = new Map<number, string[]>()
  #looking: AbortController | null = null

  constructor(project: Project, models: Models) {
    this.#project = project
    this.#models = models
  }

  /** The learner's model has answered for an image: what it proposed there is judged when the image is finished. */
  served(image: number, model: CurrentModel): void {
    const others = (this.#served.get(image) ?? []).filter((key) => key !== model.key)
    this.#served.set(image, [...others, model.key])
  }

  forget(images: readonly number[]): void {
    for (const id of images) this.#served.delete(id)
  }

  /**
   * Compares what was detected in an image with its labels: what a person saw, or else what the model says now.
   *
   * @param model the learner's own, whatever is in use
   * @param note is told of an image that cannot be judged
   */
  async judge(
    id: number,
    judgements: Judgements,
    {
      model,
      step,
      proposing,
    }: { readonly model: () => Promise<CurrentModel>; readonly step: number; readonly proposing: boolean },
    note: (line: string) => void,
  ): Promise<void> {
    const project = this.#project
    const { cache, predictions } = this.#models
    const labels = project.annotations.of(id).filter(({ source }) => source !== 'proposed')
    try {
      const file = project.fileOf(id)
      const imageKey = await keyOf(file)
      const served = await Promise.all((this.#served.get(id) ?? []).map((key) => cache.read(key, imageKey)))
      const kept = served.pop()
      const found = kept ?? decodeCandidateFile(await predictions.candidates(await model(), file))
      const detections = this.#detectionsOf(found)
      const earlier = served.flatMap((one) => (one ? this.#detectionsOf(one) : []))
      const classIds = project.classes.all().map((one) => one.id)
      const seen = { step, shown: proposing && kept !== undefined, detections, earlier }
      judgements.judge(id, seen, labels, classIds)
    } catch (error) {
      // The image is learnt from all the same: what is lost is a line of the account.
      if (!(error instanceof CodedError)) throw error
      note(`${project.images.get(id)?.path ?? id} was not judged: ${error.message}`)
    }
  }

  /** Looks at some unfinished images, here and there, so that the order by usefulness knows of all kinds of them. */
  async lookAhead(model: () => Promise<CurrentModel>, finished: number): Promise<void> {
    if (this.#looking) return
    const unfinished = this.#project.find('state:new,in-progress -has:error')
    const step = Math.max(1, Math.floor(unfinished.length / LOOKED_AHEAD))
    const ids = unfinished.filter((_, i) => i % step === finished % step).slice(0, LOOKED_AHEAD)
    const looking = new AbortController()
    this.#looking = looking
    try {
      const control = { signal: looking.signal, report: () => {} }
      if (ids.length > 0) await findCandidates(this.#models, await model(), this.#project, ids, control)
    } catch (error) {
      // An order that knows less is no loss.
      if (!(error instanceof CodedError)) throw error
    } finally {
      this.#looking = null
    }
  }

  stop(): void {
    this.#looking?.abort(new CodedError('USAGE_CANCELLED', 'Assist was switched off'))
    this.#served.clear()
  }

  #detectionsOf({ candidates, model }: ImageCandidates): Proposed[] {
    const classIds = matchClasses(model.config.classes, this.#project.classes.all())
    const selection = { ...evaluationSelection(detectorOf(model.config)), centerness: true }
    return guessesOf(candidates, selection).flatMap(({ label, box, score }) => {
      const classId = classIds[label] ?? null
      return classId === null ? [] : [{ classId, box, score }]
    })
  }
}
