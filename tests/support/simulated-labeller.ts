/**
 * A labeller who works through images as docs/assist.md describes: takes, adjusts or rejects what is proposed, draws what is
 * missing, accepts all that is left at once, and finishes the image. All of it goes through the studio's API.
 */
import {
  type Effort,
  effortOf,
  type ImageWork,
  outcomeOf,
  unassisted,
  workOf,
} from '../../src/core/assist/outcome.ts'
import { decodeCandidateFile } from '../../src/core/contract/model-assets.ts'
import { detectorOf } from '../../src/core/detectors/detectors.ts'
import { evaluationSelection } from '../../src/core/detectors/shared/select.ts'
import type { ProjectAnnotation } from '../../src/core/project/model.ts'
import type { Random } from '../../src/core/random.ts'
import { liveGuesses } from '../../src/core/review/live-guesses.ts'
import type { ClassBox } from '../../src/core/review/undecided.ts'
import type { StudioHost } from '../../src/main/studio/api/host.ts'

/** The proposals that a window would show when it opens the image. */
export async function proposalsIn(host: StudioHost, image: number): Promise<readonly ProjectAnnotation[]> {
  const { project, models, assist } = host
  const { proposing, thresholds } = assist.state
  const model = await models.current(project.path)
  if (!proposing || !model) return []
  const response = await host.respond(`/asset/candidates/${image}`, new URLSearchParams({ model: model.key }))
  if (response.status !== 200) return []
  const found = decodeCandidateFile(response.body as Buffer)
  const known = {
    ...{ image, found, model: model.title, classes: project.classes.all() },
    annotations: project.annotations.of(image),
    rejections: project.annotations.rejections(image),
  }
  const least = new Map(thresholds.map(({ classId, score }) => [classId, score]))
  return liveGuesses(
    known,
    { ...evaluationSelection(detectorOf(found.model.config)), centerness: true },
    least,
  ).guesses
}

export interface Labelled extends Effort {
  readonly work: ImageWork
  readonly alone: Effort
  readonly proposals: readonly ProjectAnnotation[]
}

/** @param truth what the labeller sees in the image */
export async function label(host: StudioHost, image: number, truth: readonly ClassBox[]): Promise<Labelled> {
  const { annotations, images, history } = host.project
  const proposals = await proposalsIn(host, image)
  const outcome = outcomeOf(proposals, truth)
  const of = (verdict: string) => proposals.filter((_, i) => outcome.verdicts[i] === verdict)
  const asGuess = ({ classId, box, score, model }: ProjectAnnotation) => ({
    ...{ classId, box, score, model, source: 'proposed' as const },
  })
  const unmatched = outcome.drawn.map((i) => truth[i]!)
  // Whatever is adjusted ends up where the object is.
  const adjusted = of('moved').map((proposal) => {
    const left = truth.filter(({ classId }) => classId === proposal.classId)
    const best = left.toSorted((a, b) => overlap(b, proposal) - overlap(a, proposal))[0]!
    return { ...asGuess(proposal), box: best.box }
  })
  history.change('Label', () => {
    if (of('wrong').length > 0) annotations.reject([], { image, annotations: of('wrong').map(asGuess) })
    const accepted = [...of('taken').map(asGuess), ...adjusted]
    if (accepted.length > 0) annotations.accept([], { image, annotations: accepted })
    if (unmatched.length > 0) {
      annotations.add(
        image,
        unmatched.map(({ classId, box }) => ({ classId, box, source: 'drawn' })),
      )
    }
    images.setState([image], 'done')
  })
  const work = workOf(outcome, truth)
  return { ...effortOf(work), work, alone: unassisted(truth), proposals }
}

function overlap(a: ClassBox, b: ClassBox): number {
  const [w, h] = [0, 1].map((k) => Math.min(a.box[k + 2]!, b.box[k + 2]!) - Math.max(a.box[k]!, b.box[k]!))
  return Math.max(0, w!) * Math.max(0, h!)
}

export interface Mistake {
  readonly kind: 'class' | 'missed'
  readonly truth: ClassBox
}

/** Somebody who errs: of all objects a share gets a wrong class, and a share is overlooked. */
export function mistaken(
  truth: readonly ClassBox[],
  classIds: readonly number[],
  share: number,
  random: Random,
): { readonly seen: ClassBox[]; readonly mistakes: Mistake[] } {
  const mistakes: Mistake[] = []
  const seen = truth.flatMap((one) => {
    const draw = random()
    if (draw < share) {
      mistakes.push({ kind: 'missed', truth: one })
      return []
    }
    const others = classIds.filter((id) => id !== one.classId)
    if (draw >= 2 * share || others.length === 0) return [one]
    mistakes.push({ kind: 'class', truth: one })
    return [{ ...one, classId: others[Math.floor(random() * others.length)]! }]
  })
  return { seen, mistakes }
}
