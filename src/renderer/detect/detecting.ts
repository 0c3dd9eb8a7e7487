/** Starts detection and tells how it ended. */
import type { DetectionReport } from '../../core/contract/studio/models.ts'
import type { Params } from '../../core/contract/studio.ts'
import type { Studio } from '../session/studio.svelte.ts'
import { count } from '../ui/numbers.ts'

/** Resolves when the job has begun: false where it could not. */
export async function detectInImages(studio: Studio, params: Params<'detect.images'>): Promise<boolean> {
  const job = await studio.attempt(studio.client.call('detect.images', params))
  if (!job) return false
  void studio.attempt(studio.jobs.result<DetectionReport>(job)).then((report) => {
    if (report) {
      studio.showStep(wordsOf(report))
    }
  })
  return true
}

function wordsOf({ images, proposals, skipped, unknownClasses }: DetectionReport): string {
  const missing = unknownClasses.map(({ name }) => name)
  return [
    `${count(proposals)} proposals in ${count(images)} images.`,
    missing.length > 0 ? ` Not proposed, since this project lacks the class: ${shortened(missing)}.` : '',
    skippedWords(skipped.length),
  ].join('')
}

const MOST_NAMES = 5

const shortened = (names: readonly string[]): string =>
  names.length <= MOST_NAMES
    ? names.join(', ')
    : `${names.slice(0, MOST_NAMES).join(', ')} and ${names.length - MOST_NAMES} more`

const skippedWords = (skipped: number): string =>
  skipped === 0 ? '' : ` ${count(skipped)} ${skipped === 1 ? 'image' : 'images'} could not be read.`
