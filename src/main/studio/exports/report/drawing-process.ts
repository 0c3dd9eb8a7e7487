/** The program that draws one report. Its task comes as a message, its answer goes as one; it ends with its channel. */
import { CodedError, toWire } from '../../../../core/errors.ts'
import type { DrawingTask, Drawn } from './drawing.ts'
import { examples } from './examples.ts'
import { measure } from './measure.ts'
import { reportPage } from './page.ts'

const answer = (drawn: Drawn): void => void process.send!(drawn)

process.once('message', async ({ results, ...facts }: DrawingTask) => {
  try {
    const measured = results && measure(results.data, results.found)
    const pictures = results && measured ? await examples(results.data, measured.scenes) : []
    answer({ page: reportPage({ ...facts, measured, examples: pictures }) })
  } catch (error) {
    if (!(error instanceof CodedError)) console.error(error)
    answer({ error: toWire(error) })
  }
})
process.on('disconnect', () => process.exit())
