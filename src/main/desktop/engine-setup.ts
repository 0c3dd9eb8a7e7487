import { existsSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { CodedError } from '../../core/errors.ts'
import { run } from '../process/run.ts'
import { buildFolder } from '../setup/cache.ts'
import { readRuntimeRecord, requireIntact } from '../studio/engine/environment.ts'
import type { EnginePlace } from '../studio/engine/place.ts'
import type { ProgramPlaces } from './places.ts'

/**
 * Prepares a package's engine on this machine: copies it, then runs setup, which finds TensorFlow's libraries in the cache
 * or downloads them, and repairs them. Its output goes to the log. Does nothing where all is as setup left it.
 *
 * @throws CodedError RUNTIME_SETUP
 */
export async function setUpEngine({ root, engine }: ProgramPlaces): Promise<void> {
  if (!existsSync(engine.root)) {
    await buildFolder(engine.root, (folder) => cp(root, folder, { recursive: true }))
  }
  if (await isReady(engine)) return
  console.info('Setting up the engine')
  const { status, stderr } = await run(engine.node, ['src/main/setup/index.ts'], {
    cwd: engine.root,
    onOutput: (text) => console.info(text.trim()),
  })
  if (status === 0) return
  const reason = stderr.trim().split('\n').at(-1) || `status ${status}`
  throw new CodedError(
    'RUNTIME_SETUP',
    `The engine could not be set up: ${reason}`,
    'Start the program again',
  )
}

async function isReady(engine: EnginePlace): Promise<boolean> {
  try {
    await requireIntact(readRuntimeRecord(engine), engine)
    return true
  } catch (error) {
    console.info(`The engine is not ready: ${(error as Error).message}`)
    return false
  }
}
