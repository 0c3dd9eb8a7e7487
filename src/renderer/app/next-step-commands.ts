/** What the window offers after each piece of work, available in every place. */
import { tick } from 'svelte'
import type { Command } from '../commands/commands.svelte.ts'
import { detectInImages } from '../detect/detecting.ts'
import { lookInUse } from '../detect/guesses.svelte.ts'
import { type EvaluationView, usualQuery } from '../evaluate/evaluation-view.svelte.ts'
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

function afterRun({ model, runs }: Studio, run: Studio['runs']['all'][number]) {
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
  const measured =
    best && best.ap >= 0 ? bestAp(best) : 'its AP is unknown, since no image is set aside for validation'
  const { current } = model
  const inUse = current?.path === checkpoint
  const other = runs.all.find((one) => one.checkpoint === current?.path)
  const stays = current
    ? ` ${current.title}${other?.best ? `, with ${bestAp(other.best)},` : ''} stays in use.`
    : ''
  const text = `${name} is done: ${measured}.${inUse ? ' In use now.' : stays}`
  return {
    text: () => text,
    actions: inUse
      ? [
          { title: 'Detect on all', command: 'detect.all' },
          { title: 'Evaluate', command: 'evaluate.current' },
        ]
      : [{ title: 'Show run', command: 'run.show' }],
  }
}

/** When the last proposal has been decided on. */
export const afterReview = {
  text: () => 'All proposals are reviewed.',
  actions: [
    { title: 'Evaluate', command: 'evaluate.current' },
    { title: 'Train again', command: 'run.again' },
  ],
}
