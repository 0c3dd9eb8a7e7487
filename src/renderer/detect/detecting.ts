/** Starts detection and reports its result. */
import type { DetectionReport } from '../../core/contract/studio/models.ts'
import type { Caller, Params } from '../../core/contract/studio.ts'
import type { Studio } from '../session/studio.svelte.ts'
import { countOf } from '../ui/numbers.ts'

/** Resolves once the job has started; false if it could not start. */
export async function detectInImages(studio: Studio, params: Params<'detect.images'>): Promise<boolean> {
  const started = await studio.change('detect.images', params)
  if (!started) return false
  void studio.attempt(studio.jobs.result<DetectionReport>(started.result)).then((report) => {
    if (report) offerReview(studio, report, params.score, started.by)
  })
  return true
}

function offerReview(studio: Studio, report: DetectionReport, score: number, by: Caller): void {
  const found = report.proposals > 0
  const text = found ? wordsOf(report) : `${wordsOf(report)} The minimum score was ${score.toFixed(2)}.`
  studio.next.show({
    text: () => text,
    actions: found
      ? [{ title: 'Review', command: 'review.proposals' }]
      : [{ title: 'Try a lower score…', command: 'detect.choose' }],
    undo: studio.undoOf(by),
  })
}

function wordsOf({ images, proposals, skipped, unknownClasses }: DetectionReport): string {
  const missing = unknownClasses.map(({ name }) => name)
  return [
    `${countOf(proposals, 'proposal')} in ${countOf(images, 'image')}.`,
    missing.length > 0 ? ` Left out, because this project lacks the class: ${shortened(missing)}.` : '',
    skippedWords(skipped.length),
  ].join('')
}

const MOST_NAMES = 5

const shortened = (names: readonly string[]): string =>
  names.length <= MOST_NAMES
    ? names.join(', ')
    : `${names.slice(0, MOST_NAMES).join(', ')} and ${names.length - MOST_NAMES} more`

const skippedWords = (skipped: number): string =>
  skipped === 0 ? '' : ` ${countOf(skipped, 'image')} could not be read.`
