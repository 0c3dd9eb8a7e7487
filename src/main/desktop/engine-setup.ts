import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import path from 'node:path'
import { RUNTIME_RECORD } from '../../core/contract/runtime.ts'
import { buildFolder } from '../setup/cache.ts'
import type { ProgramPlaces } from './places.ts'

/**
 * Prepares a package's engine on this machine: copies it, then runs setup, which finds TensorFlow's libraries in the cache
 * or downloads them. Its output goes to the log. Does nothing if that was done before, or in a checkout.
 */
export async function setUpEngine({ root, engine }: ProgramPlaces): Promise<void> {
  if (!existsSync(engine.root)) {
    await buildFolder(engine.root, (folder) => cp(root, folder, { recursive: true }))
  }
  if (existsSync(path.join(engine.root, RUNTIME_RECORD))) return
  console.info('Setting up the engine')
  const child = spawn(engine.node, ['src/main/setup/index.ts'], {
    cwd: engine.root,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  child.stdout.setEncoding('utf8').on('data', (text: string) => console.info(text.trim()))
  child.stderr.setEncoding('utf8').on('data', (text: string) => console.error(text.trim()))
  const [status] = await once(child, 'exit')
  if (status !== 0) throw new Error(`The setup of the engine failed with status ${status}`)
}
