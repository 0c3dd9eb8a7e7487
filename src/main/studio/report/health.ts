/** Examines all images and labels for faults that should be fixed before training. */
import {
  type DatasetHealth,
  HEALTH_KINDS,
  type HealthFinding,
  type HealthKind,
  LISTED_FINDINGS,
  type SplitCounts,
} from '../../../core/contract/studio/report.ts'
import { area } from '../../../core/geometry/box.ts'
import { boxFaults, type LabelBox, type ScoredGuess, suspicions } from '../../../core/inspect/health.ts'
import { SIZE_CLASSES } from '../../../core/inspect/report.ts'
import type { ProjectImage } from '../../../core/project/model.ts'
import { type Fingerprint, fingerprintOf, nearDuplicates } from '../../../core/review/near-duplicates.ts'
import { readGrey } from '../../images/grey.ts'
import { keyOf } from '../../images/image-file.ts'
import { givingWay } from '../datasets/give-way.ts'
import type { Models } from '../models/models.ts'
import { lookUp, type Seen } from '../models/review-queue.ts'
import type { Project } from '../project/project.ts'
import type { Watch } from './labelled.ts'

export interface HealthSources {
  readonly project: Project
  readonly models: Models
  /** A small JPEG of an image. Rejects with a CodedError of the file. */
  readonly thumbnail: (image: number, signal?: AbortSignal) => Promise<Buffer>
}

/** Number of images whose labels are in memory at a time. */
const CHUNK = 500

type Fresh = { -readonly [Split in keyof SplitCounts]: number }
const noCounts = (): Fresh => ({ train: 0, val: 0, test: 0, none: 0 })

export async function checkHealth(sources: HealthSources, watch: Watch = {}): Promise<DatasetHealth> {
  const { project, models } = sources
  const giveWay = givingWay(watch.signal)
  const images = project.images.list(project.find('-state:ignored'))
  const found = new Findings()
  const counts = noCounts()
  for (const image of images) {
    counts[splitOf(image)]++
    if (image.error !== null) found.add('unreadable', finding([image]))
    else if (image.labels === 0) found.add(image.state === 'done' ? 'empty' : 'unlabelled', finding([image]))
  }

  const model = await models.current(project.path)
  const labelled = images.filter(({ state, error }) => error === null && /^(in-progress|done)$/.test(state))
  const ids = labelled.map(({ id }) => id)
  const seen = model ? await lookUp(models, model, project, ids) : new Map<number, Seen>()
  const classes = new Map(project.classes.all().map(({ id }) => [id, { id, images: 0, boxes: noCounts() }]))
  const sizes = SIZE_CLASSES.map(({ name }) => ({ name, boxes: noCounts() }))
  for (let from = 0; from < images.length; from += CHUNK) {
    const some = images.slice(from, from + CHUNK)
    const annotations = project.annotations.ofImages(some.map(({ id }) => id))
    for (const [i, image] of some.entries()) {
      const labels = annotations[i]!.filter(({ source }) => source !== 'proposed')
      const split = splitOf(image)
      for (const id of new Set(labels.map(({ classId }) => classId))) classes.get(id)!.images++
      for (const { classId, box } of labels) {
        classes.get(classId)!.boxes[split]++
        sizes[SIZE_CLASSES.findIndex(({ below }) => area(box) < below)]!.boxes[split]++
      }
      if (image.width > 0) {
        for (const { kind, label } of boxFaults(image, labels)) found.add(kind, finding([image], label))
      }
      const sight = seen.get(image.id)
      if (sight) {
        const rejections = project.annotations.rejections(image.id)
        for (const { kind, label, guess } of suspicions(labels, guessesIn(sight), rejections))
          found.add(kind, finding([image], label, guess))
      }
      await giveWay()
    }
  }

  const readable = images.filter(({ error }) => error === null)
  for (const group of await duplicatesAmong(sources, readable, watch)) {
    const splits = new Set(group.flatMap(({ split }) => split ?? []))
    // The image with most labels comes first, because it is the one to keep.
    const ordered = group.toSorted((a, b) => b.labels - a.labels)
    found.add(splits.size > 1 ? 'leaked' : 'near-duplicate', finding(ordered))
  }
  return {
    images: counts,
    classes: [...classes.values()],
    sizes,
    findings: found.all(),
    model: model && { title: model.title, known: seen.size, labelled: labelled.length },
  }
}

class Findings {
  readonly #of = new Map<HealthKind, { count: number; listed: HealthFinding[] }>()

  add(kind: HealthKind, finding: HealthFinding): void {
    const known = this.#of.get(kind) ?? { count: 0, listed: [] }
    known.count++
    if (known.listed.length < LISTED_FINDINGS) known.listed.push(finding)
    this.#of.set(kind, known)
  }

  all(): DatasetHealth['findings'] {
    return HEALTH_KINDS.map((kind) => ({ kind, ...(this.#of.get(kind) ?? { count: 0, listed: [] }) }))
  }
}

const splitOf = ({ split }: ProjectImage): keyof SplitCounts => split ?? 'none'

function finding(
  images: readonly ProjectImage[],
  label: LabelBox | null = null,
  guess: ScoredGuess | null = null,
): HealthFinding {
  return {
    images: images.map(({ id, path, split, width, height }) => ({ image: id, path, split, width, height })),
    label: label && { annotation: label.id, classId: label.classId, box: label.box },
    guess: guess && { classId: guess.classId, box: guess.box, score: guess.score },
  }
}

const guessesIn = ({ guesses, classIds }: Seen): ScoredGuess[] =>
  guesses.flatMap(({ label, box, score }) => {
    const classId = classIds[label] ?? null
    return classId === null ? [] : [{ classId, box, score }]
  })

/** Keyed by image and version of its file, so that labels can be checked again without reading the images again. */
const fingerprints = new WeakMap<Project, Map<string, Fingerprint>>()

async function duplicatesAmong(
  { project, thumbnail }: HealthSources,
  images: readonly ProjectImage[],
  { signal, onProgress }: Watch,
): Promise<ProjectImage[][]> {
  const known = fingerprints.get(project) ?? new Map<string, Fingerprint>()
  fingerprints.set(project, known)
  const giveWay = givingWay(signal)
  const compared: { readonly image: ProjectImage; readonly print: Fingerprint }[] = []
  for (const [done, image] of images.entries()) {
    onProgress?.(done, images.length)
    await giveWay()
    // A file that has become unreadable meanwhile is marked when it is read, and the next check finds it.
    const key = await keyOf(project.fileOf(image.id)).catch(() => undefined)
    if (key === undefined) continue
    const name = `${image.id} ${key}`
    const print =
      known.get(name) ??
      (await thumbnail(image.id, signal)
        .then(readGrey)
        .then(fingerprintOf)
        .catch(() => undefined))
    signal?.throwIfAborted()
    if (print === undefined) continue
    known.set(name, print)
    compared.push({ image, print })
  }
  const groups = await nearDuplicates(
    compared.map(({ print }) => print),
    giveWay,
  )
  return groups.map((group) => group.map((i) => compared[i]!.image))
}
