/** A client in Python that knows docs/api.md and `fcos api --json`, and nothing of our code. */
import { execFile, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { describeApi } from '../../src/main/cli/commands/api.ts'
import { openServer } from '../../src/main/web/server.ts'
import { lay, scratch } from '../support/scratch.ts'
import { studioHost } from '../support/studio.ts'

const CLIENT = fileURLToPath(new URL('../support/studio_client.py', import.meta.url))
const python = spawnSync('python3', ['--version']).status === 0
if (!python) console.warn('SKIPPED: there is no python3 to run the client in another language')

test.skipIf(!python)('a client in Python works on a project', async () => {
  const folder = await scratch()
  await lay(folder, { 'pages/index.html': '', 'api.json': JSON.stringify(describeApi()) })
  const server = await openServer({ host: await studioHost(), pagesFolder: join(folder, 'pages'), port: 0 })
  try {
    const { stdout } = await promisify(execFile)('python3', [CLIENT, server.url, join(folder, 'api.json')])
    expect(JSON.parse(stdout)).toEqual({
      images: 60,
      added: [[1.5, 2, 30, 40]],
      grew: 1,
      undone: true,
      steps: ['Add boxes', 'Add boxes'],
      job: ['project.scan', 'done', 60],
      refused: 'USAGE_REQUEST',
      thumbnail: [200, 'image/jpeg', 'ffd8'],
    })
  } finally {
    await server.close()
  }
})
