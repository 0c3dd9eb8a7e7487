/** State of the Evaluate place: the open evaluation, the one compared with it, and the listed findings. */
import { createContext } from 'svelte'
import type {
  EvaluationEntry,
  EvaluationSource,
  EvaluationSummary,
  Finding,
  FindingsOf,
  Ranking,
} from '../../core/contract/studio/evaluation.ts'
import type { ProjectSummary } from '../../core/contract/studio/project.ts'
import type { Params, Result } from '../../core/contract/studio.ts'
import type { IouType } from '../../core/evaluation/tables.ts'
import type { TourStop } from '../session/review-tour.svelte.ts'
import type { Studio } from '../session/studio.svelte.ts'
import { countOf } from '../ui/numbers.ts'
import { Part } from './part.svelte.ts'
import { apOf, classNames, sentence } from './words.ts'

export const [useEvaluation, provideEvaluation] = createContext<EvaluationView>()

/** Margin around a box shown on the canvas, as a share of its longer side. */
const CONTEXT = 0.75

/** The most findings that are listed: more than anyone reviews. */
const MOST_LISTED = 1000

export type FindingSort = NonNullable<Params<'evaluation.findings'>['sort']>

/** What the list shows, and its title. */
export interface Listed {
  readonly title: string
  /** What the findings have in common, in one line. */
  readonly note?: string
  readonly of: FindingsOf
  readonly classId: number | null
  /** Undefined: sorted as the user chose. Null: unsorted. */
  readonly sort?: null
}

const WRONG: Listed = {
  title: 'Wrong detections',
  of: { kind: 'falsePositives', type: null, score: 0.3 },
  classId: null,
}

/** The images that an evaluation is usually about: a split that the detector has not learned from, if there is one. */
export function usualQuery({ bySplit }: ProjectSummary): string {
  const split = (['val', 'test'] as const).find((one) => bySplit[one] > 0)
  return split ? `split:${split}` : ''
}

type Ranked = Readonly<{ evaluation: string; ranking: Ranking; iouType: IouType }>

export class EvaluationView {
  readonly studio: Studio
  /** Newest first; null until they have been loaded. */
  entries = $state.raw<readonly EvaluationEntry[] | null>(null)
  /** The open evaluation, and the one compared with it. */
  openId = $state<string | null>(null)
  besideId = $state<string | null>(null)
  ranking = $state<Ranking>('score')
  /** What to compare where there is a choice. */
  wantedIouType = $state<IouType>('segm')
  readonly summary = new Part<EvaluationSummary>()
  readonly beside = new Part<EvaluationSummary>()
  listed = $state.raw<Listed>(WRONG)
  sort = $state<FindingSort>('score')
  readonly findings = new Part<Result<'evaluation.findings'>>()
  /** Index of the finding that has the focus. */
  at = $state(0)
  /** Whether the list takes the focus when it is next shown. */
  focusWanted = $state(false)
  starting = $state(false)
  #listedKey: string | null = null
  readonly entry = $derived(this.entries?.find(({ id }) => id === this.openId) ?? null)
  readonly besideEntry = $derived(this.entries?.find(({ id }) => id === this.besideId) ?? null)
  /** Masks are compared only where both evaluations have them: AP of masks and of boxes say nothing of each other. */
  readonly iouType: IouType = $derived(
    this.hasMasks && (this.besideEntry?.iouTypes ?? ['segm']).includes('segm') ? this.wantedIouType : 'bbox',
  )
  readonly nameOf = $derived.by(() => classNames(this.studio.classById))

  constructor(studio: Studio) {
    this.studio = studio
  }

  /** The parameters common to all calls about the open evaluation; null if none is open. */
  get ranked(): Ranked | null {
    return this.entry && this.#rankedOf(this.entry)
  }

  /** The same of the evaluation compared with. */
  get besideRanked(): Ranked | null {
    return this.besideEntry && this.#rankedOf(this.besideEntry)
  }

  #rankedOf({ id, rankings }: EvaluationEntry): Ranked {
    const ranking = rankings.includes(this.ranking) ? this.ranking : 'score'
    return { evaluation: id, ranking, iouType: this.iouType }
  }

  /** Whether masks can be compared in the open evaluation. */
  get hasMasks(): boolean {
    return this.entry?.iouTypes.includes('segm') ?? false
  }

  /** For effects: reloads the list. */
  async refresh(): Promise<void> {
    const { studio } = this
    const entries = await studio.attempt(studio.client.call('evaluation.list', {}))
    if (!entries) return
    this.entries = entries
    if (!entries.some(({ id }) => id === this.openId)) {
      const inUse = studio.model.current?.path
      const own = entries.find(({ source }) => source.kind === 'model' && source.path === inUse)
      this.openId = (own ?? entries[0])?.id ?? null
    }
    if (!entries.some(({ id }) => id === this.besideId)) this.besideId = null
  }

  async start(source: EvaluationSource, query: string): Promise<void> {
    const { client, jobs } = this.studio
    this.starting = true
    try {
      const job = await client.call('evaluation.start', { source, query })
      const entry = await jobs.result<EvaluationEntry>(job)
      if (entry === undefined) return
      await this.refresh()
      this.openId = entry.id
      this.show(WRONG)
      const measured = entry.stats[0]! < 0 ? 'no object to find' : apOf(entry)
      const text = `${entry.title} evaluated on ${countOf(entry.images, 'image')}: ${measured}.`
      if (this.studio.place !== 'evaluate')
        this.studio.next.show({
          text: () => text,
          actions: [{ title: 'Show mistakes', command: 'go.evaluate' }],
        })
    } catch (error) {
      this.studio.messages.showError(error)
    } finally {
      this.starting = false
    }
  }

  /** Evaluates the same detections against the current labels, and compares with the evaluation that was open. */
  async again(): Promise<void> {
    const { entry } = this
    if (entry === null) return
    await this.start(entry.source, entry.query)
    if (this.openId !== entry.id) this.besideId = entry.id
  }

  async remove(): Promise<void> {
    const { entry, studio } = this
    if (entry === null) return
    await studio.attempt(studio.client.call('evaluation.remove', { evaluation: entry.id }))
    await this.refresh()
  }

  show(listed: Listed): void {
    this.listed = listed
    this.at = 0
  }

  /** For effects: follow what is open and listed. */
  loadSummary(): void {
    const { ranked, studio } = this
    if (ranked) void this.summary.load(studio.client.call('evaluation.summary', ranked))
    else this.summary.forget()
  }

  loadBeside(): void {
    const { besideRanked, studio } = this
    if (besideRanked) void this.beside.load(studio.client.call('evaluation.summary', besideRanked))
    else this.beside.forget()
  }

  loadFindings(): void {
    const { ranked, listed, sort, studio } = this
    if (ranked === null) {
      this.findings.forget()
      this.#listedKey = null
      return
    }
    const { of, classId } = listed
    const page = { classId, sort: listed.sort === null ? null : sort, offset: 0, limit: MOST_LISTED }
    const params = { ...ranked, ...page, of }
    // Findings do not change, so they are loaded once, and the list is unchanged when the user returns from the canvas.
    const key = JSON.stringify(params)
    if (key === this.#listedKey && this.findings.error === null) return
    this.#listedKey = key
    void this.findings.load(studio.client.call('evaluation.findings', params))
  }

  /** Visits the findings on the canvas whose images are there, starting with this one; afterwards the window returns here. */
  startTour(at: number, isGone: (imageId: number) => boolean): void {
    const findings = this.findings.value?.findings ?? []
    const visited = [...findings.keys()].filter((i) => !isGone(findings[i]!.imageId))
    this.at = at
    if (!visited.includes(at)) return
    this.studio.tour.start(
      visited.map((i) => this.#stop(findings[i]!)),
      visited.indexOf(at),
      (next) => {
        this.at = visited[next]!
        this.focusWanted = true
        this.studio.place = 'evaluate'
      },
    )
  }

  #stop(finding: Finding): TourStop {
    const { imageId, detected, object } = finding
    return {
      imageId,
      annotationId: object?.annotationId ?? null,
      box: withContext(around(finding)),
      guess: detected && {
        ...{ classId: detected.classId, box: detected.box, score: detected.score },
        ...(detected.segmentation && { segmentation: detected.segmentation }),
      },
      note: sentence(finding, this.nameOf),
    }
  }
}

/** Adds the margin that is needed to judge a box by its surroundings. */
function withContext([x1, y1, x2, y2]: TourStop['box']): TourStop['box'] {
  const margin = CONTEXT * Math.max(x2 - x1, y2 - y1)
  return [Math.max(0, x1 - margin), Math.max(0, y1 - margin), x2 + margin, y2 + margin]
}

/** The smallest box that contains both. */
export function around({ detected, object }: Finding): TourStop['box'] {
  const boxes = [detected, object].flatMap((one) => (one ? [one.box] : []))
  const least = (i: number) => Math.min(...boxes.map((box) => box[i]!))
  const most = (i: number) => Math.max(...boxes.map((box) => box[i]!))
  return [least(0), least(1), most(2), most(3)]
}
