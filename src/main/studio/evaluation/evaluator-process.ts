/** The program of the evaluator's process. Its one argument is the project's file. */
import { serve } from '../../process/serve.ts'
import { Analyst } from './analyst.ts'
import type { Question } from './evaluator.ts'
import type { Watch } from './watch.ts'

const analyst = new Analyst(process.argv[2]!)

serve<Question, Parameters<Watch['report']>>(({ ask, params }, { signal, emit }) => {
  const watch: Watch = { signal, report: (...progress) => emit(progress) }
  return (analyst[ask] as (params: unknown, watch: Watch) => Promise<unknown>).call(analyst, params, watch)
})
