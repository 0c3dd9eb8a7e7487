/** What a person waits for runs as fast as anything else; training gives way. */
import { mkdir, writeFile } from 'node:fs/promises'
import { getPriority } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { RUNTIME_RECORD } from '../../../../src/core/contract/runtime.ts'
import { startEngine } from '../../../../src/main/studio/engine/spawn.ts'
import { Models } from '../../../../src/main/studio/models/models.ts'
import { Settings } from '../../../../src/main/studio/settings.ts'
import { scratch } from '../../../support/scratch.ts'

const fake = fileURLToPath(new URL('../../../support/fake-engine.ts', import.meta.url))

/** A checkout whose engine is the fake one. */
async function fakePlace(): Promise<{ node: string; root: string }> {
  const root = await scratch()
  const record = {
    ...{ tensorflow: '0', device: 'cpu', bindingPath: null, kernelsPath: null },
    ...{ libraryDirs: [], cpuFlags: [], chosenBecause: [] },
  }
  const files = {
    [RUNTIME_RECORD]: JSON.stringify(record),
    'src/main/engine/index.ts': `import ${JSON.stringify(fake)}`,
  }
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true })
    await writeFile(join(root, name), content)
  }
  return { node: process.execPath, root }
}

test('the engine that looks at images for the window does not give way', async () => {
  const place = await fakePlace()
  const folder = await scratch()
  const models = new Models({
    ...{ settings: new Settings(folder), cacheFolder: folder, place },
    ...{ ofRuns: () => [], tell: () => {} },
  })
  onTestFinished(() => models.close())
  expect(getPriority((await models.engine.hello()).pid)).toBe(getPriority())
})

test('an engine that trains gives way', async () => {
  const engine = await startEngine({ place: await fakePlace(), background: true })
  onTestFinished(() => engine.close())
  expect(getPriority(engine.hello.pid)).toBeGreaterThan(getPriority())
})
