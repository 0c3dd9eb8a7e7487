import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import { parse } from 'yaml'

const require = createRequire(import.meta.url)
const config = parse(readFileSync(new URL('../../../electron-builder.yml', import.meta.url), 'utf8'))

test("electron-builder's own schema accepts the configuration", async () => {
  const { validateConfiguration } = require('app-builder-lib/out/util/config/config.js')
  const logger = { isEnabled: false }
  await expect(validateConfiguration(config, logger)).resolves.toBeUndefined()
  await expect(validateConfiguration({ ...config, npmRebuilt: false }, logger)).rejects.toThrow('npmRebuilt')
})

test('the archive holds the built program and sharp; the engine’s packages lie outside of it', () => {
  const { FileMatcher } = require('app-builder-lib/out/fileMatcher.js')
  const matcher = new FileMatcher('/app', '/out', (text: string) => text)
  // Of packages electron-builder takes all that are not excluded.
  matcher.addPattern('**/*')
  for (const pattern of config.files) if (pattern.startsWith('!')) matcher.addPattern(pattern)
  const takes = matcher.createFilter()
  const file = { isDirectory: () => false }
  const taken = (path: string): boolean => takes(`/app/node_modules/${path}`, file)
  expect(
    ['sharp/lib/index.js', '@img/colour/index.cjs', 'semver/index.js', 'detect-libc/lib/a.js'].every(taken),
  ).toBe(true)
  expect(['@tensorflow/tfjs/package.json', 'zod/index.js', 'ws/lib/a.js'].some(taken)).toBe(false)
})

test('the engine goes along with its packages, which electron-builder leaves out at the top of a folder', () => {
  const { FileMatcher } = require('app-builder-lib/out/fileMatcher.js')
  const [{ from, filter }] = config.extraResources
  const takes = new FileMatcher(`/${from}`, '/out', (text: string) => text, filter).createFilter()
  const folder = { isDirectory: () => true }
  expect(takes('/build/engine/node_modules', folder)).toBe(true)
  expect(takes('/build/engine/node_modules/node/bin/node', { isDirectory: () => false })).toBe(true)
})
