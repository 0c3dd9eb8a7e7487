import { expect, test } from 'vitest'
import type { RuntimeRecord } from '../../../../src/core/contract/runtime.ts'
import { engineEnvironment } from '../../../../src/main/studio/engine/environment.ts'

const record: RuntimeRecord = {
  tensorflow: '2.21.0',
  device: 'gpu',
  bindingPath: null,
  kernelsPath: null,
  libraryDirs: ['/cuda/lib', '/cudnn/lib'],
  cpuFlags: ['avx', 'amx_bf16'],
  chosenBecause: [],
  files: [],
  openvino: { missing: 'It is not part of this test' },
}

test('the engine sees its libraries and what it needs of the host, and no secrets', () => {
  const host = {
    PATH: '/bin',
    HOME: '/home/x',
    LD_LIBRARY_PATH: '/opt/lib',
    TOKEN: 's3cret',
    NODE_OPTIONS: '--inspect',
  }
  expect(engineEnvironment(record, false, host)).toEqual({
    PATH: '/bin',
    HOME: '/home/x',
    LD_LIBRARY_PATH: '/cuda/lib:/cudnn/lib:/opt/lib',
    TF_CPP_MIN_LOG_LEVEL: '3',
  })
})

test('fast math is on where the CPU has AMX for bfloat16, unless it is switched', () => {
  const mode = (fastMath: boolean | undefined, cpuFlags = record.cpuFlags) =>
    engineEnvironment({ ...record, cpuFlags }, fastMath, {}).ONEDNN_DEFAULT_FPMATH_MODE
  expect(mode(undefined)).toBe('BF16')
  expect(mode(undefined, ['avx'])).toBeUndefined()
  expect(mode(false)).toBeUndefined()
  expect(mode(true, ['avx'])).toBe('BF16')
})
