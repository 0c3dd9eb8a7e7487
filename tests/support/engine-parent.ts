/** Hosts a fake engine of the behaviour given, prints its process id, and then lives until it is told on standard input to exit. */
import { fileURLToPath } from 'node:url'
import { startEngine } from '../../src/main/studio/engine/spawn.ts'

const entry = fileURLToPath(new URL('fake-engine.ts', import.meta.url))
const engine = await startEngine({ entry, env: { FAKE_ENGINE: process.argv[2]! } })
console.log(engine.hello.pid)
process.stdin.once('data', () => process.exit())
