/** The program of the evaluator's process. Its one argument is the project's file. It ends with its channel. */
import { CodedError, toWire } from '../../../core/errors.ts'
import { Analyst } from './analyst.ts'
import type { FromEvaluator, ToEvaluator } from './messages.ts'
import type { Watch } from './watch.ts'

const analyst = new Analyst(process.argv[2]!)
const running = new Map<number, AbortController>()
const send = (message: FromEvaluator): void => void process.send!(message)

process.on('message', async (message: ToEvaluator) => {
  const { id } = message
  if ('abort' in message) {
    running.get(id)?.abort(new CodedError('USAGE_CANCELLED', 'Cancelled'))
    return
  }
  const abort = new AbortController()
  running.set(id, abort)
  const watch: Watch = {
    signal: abort.signal,
    report: (progress, detail) => send({ id, progress, detail }),
  }
  try {
    const answer = (analyst[message.ask] as (params: unknown, watch: Watch) => Promise<unknown>).call(
      analyst,
      message.params,
      watch,
    )
    send({ id, answer: await answer })
  } catch (error) {
    if (!(error instanceof CodedError)) console.error(error)
    send({ id, error: toWire(error) })
  } finally {
    running.delete(id)
  }
})
process.on('disconnect', () => process.exit())
