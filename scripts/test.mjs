/** `npm test`: style, import rules, types and the window's build, then all tests, then one line with the totals. */

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

const CHECKS = [
  ['style', 'node_modules/@biomejs/biome/bin/biome', 'check', '.'],
  ['arrows', 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs', 'src', 'tests'],
  ['types', 'node_modules/typescript/bin/tsc', '--noEmit'],
  [
    'window types',
    'node_modules/svelte-check/bin/svelte-check',
    '--tsconfig',
    'src/renderer/tsconfig.json',
    '--fail-on-warnings',
  ],
  ['preload types', 'node_modules/typescript/bin/tsc', '--noEmit', '--project', 'src/preload'],
  ['build', 'node_modules/electron-vite/bin/electron-vite.js', 'build', '--logLevel', 'error'],
]

/** `run` starts Node 24 with the given arguments and resolves to the exit status. Returns 1 if anything failed. */
export async function runTests(run, filters) {
  const failedChecks = []
  for (const [name, ...command] of CHECKS) if ((await run(command)) !== 0) failedChecks.push(name)
  if ((await run(['src/main/setup/browser-main.ts'])) !== 0) failedChecks.push('browser')

  const folder = mkdtempSync(path.join(tmpdir(), 'fcos-test-'))
  const report = path.join(folder, 'report.json')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const status = await run(['node_modules/vitest/vitest.mjs', 'run', ...reporters, ...filters])
  const { passed, failed, skipped } = count(report, status)
  rmSync(folder, { recursive: true })

  if (failedChecks.length > 0) console.log(`Failed checks: ${failedChecks.join(', ')}`)
  const allPassed = passed + CHECKS.length - failedChecks.length
  const allFailed = failed + failedChecks.length
  console.log(`${allPassed} passed, ${allFailed} failed, ${skipped} skipped`)
  return allFailed > 0 ? 1 : 0
}

/** What vitest's report counts; a file that failed to load, or a run that failed otherwise, counts as one failure. */
function count(report, status) {
  if (!existsSync(report)) return { passed: 0, failed: 1, skipped: 0 }
  const json = JSON.parse(readFileSync(report, 'utf8'))
  const unloaded = json.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  )
  const failed = json.numFailedTests + unloaded.length
  return {
    passed: json.numPassedTests,
    failed: failed === 0 && status !== 0 ? 1 : failed,
    skipped: json.numPendingTests + json.numTodoTests,
  }
}
