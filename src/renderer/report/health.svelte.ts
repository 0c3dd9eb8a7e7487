/** What may be wrong with images and labels: checked by the studio, listed, opened on the canvas, and mended as undoable steps. */
import { createContext } from 'svelte'
import type { DatasetHealth, HealthFinding, HealthKind } from '../../core/contract/studio/report.ts'
import type { MethodName, Params } from '../../core/contract/studio.ts'
import type { BoxXyxy } from '../../core/geometry/box.ts'
import { clipped } from '../../core/inspect/health.ts'
import type { Studio } from '../session/studio.svelte.ts'
import { countOf } from '../ui/numbers.ts'

export const [useHealth, provideHealth] = createContext<ProjectHealth>()

/** A check that takes no longer than this is repeated automatically. */
const CHEAP_MS = 3000
const DELAY_MS = 400
/** Margin around a box on the canvas, as a share of its longer side. */
const CONTEXT = 0.75

export class ProjectHealth {
  readonly #studio: Studio
  found = $state.raw<DatasetHealth | null>(null)
  /** The kind that is listed. */
  shown = $state<HealthKind | null>(null)
  busy = $state(false)
  /** Whether labels, images or the model have changed since. */
  outdated = $state(true)
  #tookMs = 0

  constructor(studio: Studio) {
    this.#studio = studio
    const changed = (): void => {
      this.outdated = true
    }
    for (const event of ['step', 'images', 'model'] as const) studio.client.on(event, changed)
    // What a model has found since may raise other suspicions.
    studio.client.on('job', ({ kind, state }) => {
      if (kind === 'detect.images' && state !== 'running') changed()
    })
  }

  /** Call in an effect while it is shown. Returns a function that stops waiting. */
  follow(): (() => void) | undefined {
    if (!this.outdated || this.busy) return undefined
    if (this.found && this.#tookMs > CHEAP_MS) return undefined
    const timer = setTimeout(() => void this.check(), this.found ? DELAY_MS : 0)
    return () => clearTimeout(timer)
  }

  async check(): Promise<void> {
    if (this.busy) return
    const { client, jobs } = this.#studio
    this.busy = true
    this.outdated = false
    const since = performance.now()
    const found = await this.#studio.attempt(
      client.call('report.health', {}).then((job) => jobs.result<DatasetHealth>(job)),
    )
    this.busy = false
    if (!found) return
    this.#tookMs = performance.now() - since
    this.found = found
  }

  countOf(kind: HealthKind): number {
    return this.found?.findings.find((one) => one.kind === kind)?.count ?? 0
  }

  listed(kind: HealthKind): readonly HealthFinding[] {
    return this.found?.findings.find((one) => one.kind === kind)?.listed ?? []
  }

  /** Visits the findings of a kind on the canvas, starting with one; afterwards the window returns here. */
  startTour(kind: HealthKind, at: number): void {
    const { tour, classById } = this.#studio
    const stops = this.listed(kind).map((finding) => {
      const { images, label, guess } = finding
      const [{ image, width, height }] = images as [HealthFinding['images'][number]]
      const box = guess?.box ?? label?.box
      return {
        imageId: image,
        annotationId: label?.annotation ?? null,
        box: box ? withMargin(box) : ([0, 0, width, height] as const),
        guess,
        note: describe(kind, finding, (id) => classById.get(id)?.name ?? '?'),
      }
    })
    tour.start(stops, at, () => {
      this.#studio.place = 'report'
    })
  }

  /** Mends findings of one kind as one step; false if the kind cannot be mended here. */
  async mend(kind: HealthKind, findings: readonly HealthFinding[]): Promise<void> {
    if (kind === 'missing') {
      await this.#addLabels(findings)
      return
    }
    const call = mendingCall(kind, findings)
    if (call) await this.#change(call.method, call.params, call.done)
  }

  /** Adds what the model sees, image by image: each is a step of its own. */
  async #addLabels(findings: readonly HealthFinding[]): Promise<void> {
    const model = this.found?.model?.title ?? null
    for (const [image, ofImage] of Map.groupBy(findings, ({ images }) => images[0]!.image)) {
      const annotations = ofImage.map(({ guess }) => ({ ...guess!, source: 'accepted' as const, model }))
      await this.#change(
        'annotations.add',
        { image, annotations, label: 'Add missing labels' },
        `${countOf(ofImage.length, 'label')} added`,
      )
    }
  }

  async #change<Name extends MethodName>(method: Name, params: Params<Name>, done: string): Promise<void> {
    const changed = await this.#studio.change(method, params)
    if (changed) this.#studio.showStep(done, changed.by)
  }
}

interface Mending {
  readonly method: 'annotations.remove' | 'annotations.update' | 'images.setSplit' | 'images.setState'
  readonly params: never
  readonly done: string
}

/** What mends findings of a kind; undefined where a person must look. */
function mendingCall(kind: HealthKind, findings: readonly HealthFinding[]): Mending | undefined {
  const labels = findings.flatMap(({ label }) => label ?? [])
  const call = (method: Mending['method'], params: object, done: string): Mending => ({
    method,
    params: params as never,
    done,
  })
  switch (kind) {
    case 'repeated':
    case 'thin':
      return call(
        'annotations.remove',
        { ids: labels.map(({ annotation }) => annotation) },
        `${countOf(labels.length, 'label')} deleted`,
      )
    case 'outside': {
      const changes = findings.flatMap(({ label, images: [image] }) => {
        const box = clipped(label!.box, image!)
        return box ? [{ id: label!.annotation, patch: { box, segmentation: null, area: null } }] : []
      })
      return changes.length === 0
        ? undefined
        : call(
            'annotations.update',
            { changes, label: 'Clip boxes to their images' },
            `${countOf(changes.length, 'box')} clipped`,
          )
    }
    case 'wrong-class': {
      const changes = findings.map(({ label, guess }) => ({
        id: label!.annotation,
        patch: { classId: guess!.classId },
      }))
      return call(
        'annotations.update',
        { changes, label: 'Change class' },
        `Class of ${countOf(changes.length, 'label')} changed`,
      )
    }
    case 'loose': {
      const changes = findings.map(({ label, guess }) => ({
        id: label!.annotation,
        patch: { box: guess!.box, segmentation: null, area: null },
      }))
      return call(
        'annotations.update',
        { changes, label: 'Move boxes' },
        `${countOf(changes.length, 'box')} moved`,
      )
    }
    case 'leaked': {
      // Training is the largest split as a rule, and evaluation must not have seen the image.
      const ids = findings.flatMap(({ images }) => images.map(({ image }) => image))
      return call(
        'images.setSplit',
        { ids, split: 'train' },
        `${countOf(ids.length, 'image')} moved to training`,
      )
    }
    case 'near-duplicate': {
      const ids = findings.flatMap(({ images }) => images.slice(1).map(({ image }) => image))
      return call(
        'images.setState',
        { ids, state: 'ignored' },
        `${countOf(ids.length, 'image')} ignored, one of each group kept`,
      )
    }
    case 'empty':
    case 'unlabelled':
    case 'unreadable':
    case 'missing':
      return undefined
  }
}

export interface KindWords {
  readonly title: string
  /** What it means for training. */
  readonly meaning: string
  /** On the buttons that mend one and all; null where a person must look. */
  readonly mend: string | null
}

export const KINDS: Readonly<Record<HealthKind, KindWords>> = {
  unreadable: {
    title: 'Unreadable images',
    meaning: 'Their files are missing or damaged, so nothing is learned from them.',
    mend: null,
  },
  unlabelled: {
    title: 'Images without labels',
    meaning: 'They are not used until they have labels or are marked as done.',
    mend: null,
  },
  empty: {
    title: 'Done without objects',
    meaning: 'The detector learns that nothing is there. Check that this is so.',
    mend: null,
  },
  leaked: {
    title: 'Near-duplicates across splits',
    meaning: 'The detector has seen what it is measured on, so its AP is too high.',
    mend: 'Move to training',
  },
  'near-duplicate': {
    title: 'Near-duplicates',
    meaning: 'They add little, and are counted several times.',
    mend: 'Keep one',
  },
  repeated: {
    title: 'Repeated boxes',
    meaning: 'The same object is labelled twice.',
    mend: 'Delete the repeat',
  },
  outside: { title: 'Boxes outside', meaning: 'They reach over the edge of their image.', mend: 'Clip' },
  thin: {
    title: 'Thin boxes',
    meaning: 'A side is at most one pixel: probably a slip of the hand.',
    mend: 'Delete',
  },
  missing: {
    title: 'Likely missing labels',
    meaning: 'The model is sure of an object where no label is.',
    mend: 'Add label',
  },
  'wrong-class': {
    title: 'Likely wrong classes',
    meaning: 'The model is sure of another class.',
    mend: 'Change class',
  },
  loose: {
    title: 'Likely inaccurate boxes',
    meaning: 'The model is sure of the class, and would draw the box elsewhere.',
    mend: 'Use the model’s box',
  },
}

/** One line about a finding. */
export function describe(
  kind: HealthKind,
  { images, label, guess }: HealthFinding,
  nameOf: (classId: number) => string,
): string {
  const score = guess ? guess.score.toFixed(2) : ''
  const name = label ? nameOf(label.classId) : ''
  switch (kind) {
    case 'leaked':
    case 'near-duplicate':
      return images.map(({ path, split }) => `${path} (${split ?? 'no split'})`).join(', ')
    case 'missing':
      return `${nameOf(guess!.classId)} ${score} has no label`
    case 'wrong-class':
      return `Labelled ${name}, the model says ${nameOf(guess!.classId)} ${score}`
    case 'loose':
      return `${name}: the model would draw the box elsewhere (${score})`
    default:
      return label ? `${name}: ${size(label.box)}` : KINDS[kind].title
  }
}

const size = ([x1, y1, x2, y2]: BoxXyxy): string =>
  `${Number((x2 - x1).toFixed(1))} × ${Number((y2 - y1).toFixed(1))} px`

function withMargin([x1, y1, x2, y2]: BoxXyxy): BoxXyxy {
  const margin = Math.max(24, CONTEXT * Math.max(x2 - x1, y2 - y1))
  return [x1 - margin, y1 - margin, x2 + margin, y2 + margin]
}
