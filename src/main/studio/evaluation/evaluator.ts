/** The evaluator's process as the studio sees it. It is started for the first question, and again if it has died. */
import { join } from 'node:path'
import { CodedError } from '../../../core/errors.ts'
import { Child } from '../../process/child.ts'
import type { EnginePlace } from '../engine/place.ts'
import type { JobContext } from '../jobs.ts'
import type { ServiceMethod, ServiceParams, ServiceResult } from './evaluation-service.ts'

export interface Question {
  readonly method: ServiceMethod
  readonly params: unknown
}

const ENTRY = 'src/main/studio/evaluation/evaluator-process.ts'

/** Milliseconds without a question after which the process is ended to free its memory. */
const IDLE = 300_000

type EvaluatorChild = Child<Question, Parameters<JobContext['report']>>

export class Evaluator {
  readonly #place: EnginePlace
  readonly #projectFile: string
  #child: EvaluatorChild | undefined
  #asked = 0
  #idle: NodeJS.Timeout | undefined

  constructor(place: EnginePlace, projectFile: string) {
    this.#place = place
    this.#projectFile = projectFile
  }

  /** Throws what the service throws, the signal's reason, and ENGINE_DIED where the process ended. */
  async call<Name extends ServiceMethod>(
    method: Name,
    params: ServiceParams<Name>,
    control?: JobContext,
  ): Promise<ServiceResult<Name>> {
    control?.signal.throwIfAborted()
    clearTimeout(this.#idle)
    this.#asked++
    const report = (progress: Parameters<JobContext['report']>): void => control?.report(...progress)
    try {
      const asked = this.#running().call({ method, params }, report, control?.signal)
      return (await asked) as ServiceResult<Name>
    } finally {
      if (--this.#asked === 0) this.#idle = setTimeout(() => this.close(), IDLE).unref()
    }
  }

  close(): void {
    clearTimeout(this.#idle)
    void this.#child?.kill(died)
    this.#child = undefined
  }

  #running(): EvaluatorChild {
    if (this.#child) return this.#child
    const { node, root } = this.#place
    const args = [this.#projectFile]
    const child: EvaluatorChild = new Child(
      { title: 'The evaluator', node, entry: join(root, ENTRY), args },
      died,
    )
    this.#child = child
    void child.ended.then(() => {
      if (this.#child === child) this.#child = undefined
    })
    return child
  }
}

const died = (): CodedError =>
  new CodedError(
    'ENGINE_DIED',
    'The evaluation process stopped unexpectedly',
    'Labels, models and earlier evaluations are as they were. Try again; a smaller split needs less memory',
  )
