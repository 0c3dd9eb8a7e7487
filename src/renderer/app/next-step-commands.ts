/** What the window offers after each piece of work, available in every place. */
import { tick } from 'svelte'
import type { Command } from '../commands/commands.svelte.ts'
import { detectInImages } from '../detect/detecting.ts'
import { lookInUse } from '../detect/guesses.svelte.ts'
import { type EvaluationView, usualQuery } from '../evaluate/evaluation-view.svelte.ts'
import type { NextStep } from '../session/next-steps.svelte.ts'
import { isAtWork } from '../session/run-list.svelte.ts'
import type { Place, Studio } from '../session/studio.svelte.ts'
import { bestAp } from '../train/figures.ts'
import { countOf } from '../ui/numbers.ts'

export function nextStepCommands(studio: Studio, evaluation: EvaluationView): Command[] {
  const { next, model, review } = studio
  const hasModel = (): boolean => model.current !== null
  /** Commands of a place exist once it is shown. */
  const inPlace = async (place: Place, command: string): Promise<void> => {
    next.dismiss()
    studio.place = place
    await tick()
    studio.commands.run(command)
  }
  return [
    {
      id: 'detect.all',
      title: 'Detect in all images',
      group: 'Model',
      enabled: () => hasModel() && studio.canEdit,
      run: async () => {
        const { score, nms } = lookInUse(studio)
        const addClasses = studio.classes.length === 0
        const images = { query: '-state:ignored' }
        if (await detectInImages(studio, { images, score, nms, addClasses })) next.dismiss()
      },
    },
    {
      id: 'detect.choose',
      title: 'Choose images and score to detect with',
      group: 'Model',
      enabled: hasModel,
      run: () => inPlace('annotate', 'detect.images'),
    },
    {
      id: 'review.proposals',
      title: 'Review proposals',
      group: 'Model',
      run: async () => {
        // Whether any are left is known from the counts, which follow each step with a delay.
        await studio.refreshCounts()
        if (!(await review.begin())) {
          studio.messages.show('There are no proposals to review')
          return
        }
        studio.place = 'annotate'
        next.show({
          text: () => `${countOf(studio.project?.proposals ?? 0, 'proposal')} left to review`,
          actions: [{ title: 'Next proposal', command: 'object.nextProposal' }],
        })
      },
    },
    {
      id: 'evaluate.current',
      title: 'Evaluate the model in use',
      group: 'Model',
      enabled: () => hasModel() && !evaluation.starting,
      run: async () => {
        next.dismiss()
        studio.place = 'evaluate'
        const source = { kind: 'model', path: model.current!.path } as const
        await evaluation.start(source, usualQuery(studio.project!))
      },
    },
    {
      id: 'run.again',
      title: 'Train on the labels as they are now',
      group: 'Model',
      enabled: () => studio.runs.atWork === undefined,
      run: () => inPlace('train', 'run.new'),
    },
    {
      id: 'run.show',
      title: 'Show training runs',
      group: 'Model',
      run: () => {
        next.dismiss()
        studio.place = 'train'
      },
    },
  ]
}

/** Call in an effect: offers the next step when a run has ended or all proposals are reviewed. Returns how to stop. */
export function offerNextSteps(studio: Studio): () => void {
  const { client, model, next } = studio
  const atWork = new Set<string>()
  return client.on('run', async ({ run }) => {
    if (isAtWork(run)) atWork.add(run.id)
    else if (atWork.delete(run.id)) {
      await model.refresh()
      const step = afterRun(studio, run)
      if (step) next.show(step)
    }
  })
}

type FinishedRun = Studio['runs']['all'][number]

function afterRun(studio: Studio, run: FinishedRun): NextStep | undefined {
  const { name, state, best, checkpoint, overfit, error } = run
  if (state === 'failed') {
    const text = `${name} failed${error ? `: ${error.message}` : ''}.`
    return { text: () => text, actions: [{ title: 'Show run', command: 'run.show' }] }
  }
  if (state !== 'done') return undefined
  if (overfit) {
    return {
      text: () =>
        `${name} is done. It learned one image, to check that training works, so it is not put in use.`,
      actions: [{ title: 'Train a model', command: 'run.again' }],
    }
  }
  const { current } = studio.model
  const measured = isMeasured(best)
    ? bestAp(best)
    : 'its AP is unknown, since no image is set aside for validation'
  const done = `${name} is done: ${measured}.`
  const show = { title: 'Show run', command: 'run.show' }
  if (checkpoint === null || current === null) return { text: () => done, actions: [show] }
  const useInstead = (title: string, path: string) => ({ title, command: () => void use(studio, path) })
  if (current.path !== checkpoint) {
    const text = `${done} ${current.title} stays in use${whyNot(studio, run, current.path)}.`
    return { text: () => text, actions: [show, useInstead(`Use ${name}`, checkpoint)] }
  }
  const { replaced } = current
  const text = `${done} In use now${replaced ? `, instead of ${replaced.title}${apOf(studio, replaced.path)}` : ''}.`
  return {
    text: () => text,
    actions: [...WITH_MODEL, ...(replaced ? [useInstead(`Use ${replaced.title} again`, replaced.path)] : [])],
  }
}

const WITH_MODEL = [
  { title: 'Detect on all', command: 'detect.all' },
  { title: 'Evaluate', command: 'evaluate.current' },
]

const isMeasured = (best: FinishedRun['best'] | undefined): best is NonNullable<FinishedRun['best']> =>
  best != null && best.ap >= 0

const bestOf = ({ runs }: Studio, path: string) =>
  runs.all.find(({ checkpoint }) => checkpoint === path)?.best

function apOf(studio: Studio, path: string): string {
  const best = bestOf(studio, path)
  return isMeasured(best) ? ` with ${bestAp(best)}` : ''
}

/** Why a run was not put in the place of the model in use, which happens only if it is known to be better. */
function whyNot(studio: Studio, { best }: FinishedRun, inUse: string): string {
  const other = bestOf(studio, inUse)
  if (!isMeasured(other)) return ': its AP is unknown, so the two cannot be compared'
  const byMasks = best?.maskAp !== undefined && other.maskAp !== undefined
  const isHigher = isMeasured(best) && (byMasks ? best.maskAp! > other.maskAp! : best.ap > other.ap)
  return `, with ${bestAp(other)}${isHigher ? ' on other validation labels, which cannot be compared' : ''}`
}

async function use({ model, next }: Studio, path: string): Promise<void> {
  if (!(await model.use(path))) return
  const title = model.all.find((one) => one.path === path)?.title ?? path
  next.show({ text: () => `${title} is in use.`, actions: WITH_MODEL })
}

/** When the last proposal has been decided on. */
export const afterReview = {
  text: () => 'All proposals are reviewed.',
  actions: [
    { title: 'Evaluate', command: 'evaluate.current' },
    { title: 'Train again', command: 'run.again' },
  ],
}
