import { expect, test } from 'vitest'
import { death } from '../../../../src/main/studio/engine/death.ts'

test('the last line that gives a reason is told, not a stack nor what TensorFlow says of itself', () => {
  const diagnostics = [
    'Error: no such tensor',
    '    at somewhere (file.ts:1:1)',
    'I0000 00:00:1795376960.342199   29195 port.cc:153] oneDNN custom operations are on.',
    '2026-11-22 19:49:20.342199: I tensorflow/core/platform/cpu_feature_guard.cc:210] This binary is optimized',
    '',
    'Node.js v24.21.0',
  ]
  expect(death({ reason: 'status 1', diagnostics: diagnostics.join('\n') }).message).toBe(
    'The engine ended unexpectedly (status 1): Error: no such tensor',
  )
  expect(death({ reason: 'SIGKILL', diagnostics: diagnostics.slice(2).join('\n') }).message).toBe(
    'The engine ended unexpectedly (SIGKILL)',
  )
})
