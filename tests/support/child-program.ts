/** A child that answers what its argument says: it greets with its process id, then computes without end, or fails. */
import { post, serve } from '../../src/main/process/serve.ts'

const compute = (): never => {
  for (;;);
}

if (process.argv[2] === 'computes before it greets') {
  process.stderr.write(`${process.pid}\n`)
  compute()
}
serve(async (request: string): Promise<unknown> => {
  if (request === 'compute') compute()
  if (request === 'fail') return (undefined as unknown as { unforeseen: string }).unforeseen
  return request
})
void post({ kind: 'hello', hello: process.pid })
