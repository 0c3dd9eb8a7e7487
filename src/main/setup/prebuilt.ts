/**
 * tfjs-node's own runtime: its install script downloads TensorFlow 2.9 and a prebuilt binding into the package. It is older
 * and slower than the wheel, but the only option on Windows and on Intel Macs.
 */

import { existsSync, rmSync } from 'node:fs'
import path from 'node:path'
import { CodedError } from '../../core/errors.ts'
import { run } from '../process/run.ts'
import { BINDING_IN_PLACE, PROJECT, TFJS_NODE } from './binding.ts'

const HOST = 'https://storage.googleapis.com/'

/** @throws CodedError RUNTIME_NO_PREBUILT if the host does not answer or the script fails; nothing is kept. */
export async function installPrebuilt(device: 'cpu' | 'gpu'): Promise<void> {
  // On a blocked network the script hangs or prints a stack trace, so the host is checked first.
  try {
    await fetch(HOST, { method: 'HEAD', signal: AbortSignal.timeout(5_000) })
  } catch {
    throw unavailable(`${HOST} cannot be reached`)
  }
  const bin = path.join(PROJECT, 'node_modules/.bin')
  const result = await run(process.execPath, ['scripts/install.js', device, 'download'], {
    cwd: TFJS_NODE,
    env: { ...process.env, PATH: `${bin}${path.delimiter}${process.env.PATH ?? ''}` },
    showProgress: true,
  })
  if (result.status === 0 && existsSync(BINDING_IN_PLACE)) return
  for (const folder of ['deps', 'lib']) rmSync(path.join(TFJS_NODE, folder), { recursive: true, force: true })
  throw unavailable(result.stderr.trim().split('\n').at(-1) ?? '')
}

function unavailable(why: string): CodedError {
  return new CodedError('RUNTIME_NO_PREBUILT', `tfjs-node's prebuilt TensorFlow 2.9 is not available: ${why}`)
}
