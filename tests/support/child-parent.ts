/** Hosts child-program.ts in the way given, prints its process id, and lives until it is told on standard input to exit. */
import { fileURLToPath } from 'node:url'
import { Child } from '../../src/main/process/child.ts'

const entry = fileURLToPath(new URL('child-program.ts', import.meta.url))
const program = { title: 'The child', node: process.execPath, entry, args: [process.argv[2]!] }
const child = new Child<string>(program, ({ reason }) => new Error(reason))
if (process.argv[2] === 'computes before it greets') {
  // Its id goes to standard error, which the parent keeps to itself; the parent knows it anyway.
  console.log(child.pid)
} else {
  console.log(await child.hello)
  if (process.argv[2] === 'computes') child.call('compute').catch(() => {})
}
process.stdin.once('data', () => process.exit())
