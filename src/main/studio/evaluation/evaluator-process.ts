/** The program of the evaluator's process. Its one argument is the project's file. */
import { serve } from '../../process/serve.ts'
import type { JobContext } from '../jobs.ts'
import { answer, EvaluationService } from './evaluation-service.ts'
import type { Question } from './evaluator.ts'

const service = new EvaluationService(process.argv[2]!)

serve<Question, Parameters<JobContext['report']>>(({ method, params }, { signal, emit }) =>
  answer(service, method, params as never, { signal, report: (...progress) => emit(progress) }),
)
