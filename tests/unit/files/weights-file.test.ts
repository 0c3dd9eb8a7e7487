import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readWeights } from '../../../src/main/engine/weights/read-weights.ts'
import { startingWeights } from '../../../src/main/studio/engine/starting-weights.ts'
import { aboutCheckpoint, architectureOfFile } from '../../../src/main/studio/engine/weights-file.ts'
import { ModelChoice } from '../../../src/main/studio/models/model-choice.ts'
import { Settings } from '../../../src/main/studio/settings.ts'
import { scratch } from '../../support/scratch.ts'

const choice = async () => new ModelChoice(new Settings(await scratch()), () => [])

/** Everything that takes a path of weights: the engine, the command line and the studio. */
const TAKERS: Record<string, (path: string) => Promise<unknown>> = {
  'the engine': readWeights,
  'a training of the command line': (path) => startingWeights(path, () => undefined),
  'a training of the studio': architectureOfFile,
  'an export': aboutCheckpoint,
  'the model of one job': async (path) => (await choice()).at(path),
  'the model in use': async (path) => (await choice()).use('/p/project.sqlite', path),
}

describe.each(Object.entries(TAKERS))('%s', (_, take) => {
  test('refuses a folder in words', async () => {
    const folder = await scratch()
    await expect(take(folder)).rejects.toMatchObject({
      code: expect.stringMatching(/^(WEIGHTS_NOT_FOUND|USAGE_NO_FILE)$/),
      message: expect.stringContaining(`${folder} is a folder`),
      remedy: expect.stringContaining('best.safetensors'),
    })
  })

  test('refuses what is not there', async () => {
    const path = join(await scratch(), 'none.pth')
    await expect(take(path)).rejects.toMatchObject({
      code: expect.stringMatching(/^(WEIGHTS_NOT_FOUND|USAGE_NO_FILE)$/),
      message: expect.stringContaining(`There is no weights file ${path}`),
    })
  })

  test.skipIf(process.platform === 'win32')('does not wait for a pipe', async () => {
    const pipe = join(await scratch(), 'pipe')
    execFileSync('mkfifo', [pipe])
    await expect(take(pipe)).rejects.toMatchObject({ message: expect.stringContaining('a pipe') })
  })
})
