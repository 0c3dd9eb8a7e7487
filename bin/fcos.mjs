#!/usr/bin/env node
/** The fcos command: the TypeScript of src/main/cli under Node 24, whichever Node ≥ 20 started this. */

import module from 'node:module'
import { fileURLToPath } from 'node:url'
import { node24, runInPlace } from '../scripts/node24.mjs'

if (Number.parseInt(process.versions.node, 10) >= 24) {
  // Types are stripped once per change of a file, not at every start.
  module.enableCompileCache()
  await import('../src/main/cli/index.ts')
} else {
  const node = node24()
  if (node) {
    process.exitCode = await runInPlace(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)])
  } else {
    console.error('fcos is not set up in this checkout. Run `npm run setup` there')
    process.exitCode = 1
  }
}
