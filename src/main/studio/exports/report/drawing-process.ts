/** The program that draws one report: a page of HTML. */
import { serve } from '../../../process/serve.ts'
import type { DrawingTask } from './drawing.ts'
import { examples } from './examples.ts'
import { measure } from './measure.ts'
import { reportPage } from './page.ts'

serve(async ({ results, ...facts }: DrawingTask): Promise<string> => {
  const measured = results && measure(results.data, results.found)
  const pictures = results && measured ? await examples(results.data, measured.scenes) : []
  return reportPage({ ...facts, measured, examples: pictures })
})
