import { expect, test } from 'vitest'
import { CodedError } from '../../../src/core/errors.ts'
import { faultOf } from '../../../src/main/engine/faults.ts'

const KEPT = 'The state of step 3 is kept in runs/a'

test.each([
  ['a GPU', 'OOM when allocating tensor with shape[64,800,800,256] and type float on /job:localhost'],
  ['V8', 'Array buffer allocation failed'],
])('memory that runs out on %s', (_, message) => {
  expect(faultOf(new Error(message), KEPT)).toMatchObject({
    code: 'RUNTIME_OUT_OF_MEMORY',
    remedy: `${KEPT}. Try a smaller batch or input size`,
  })
})

test.each([
  Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' }),
  new CodedError('IO_DISK_FULL', 'last.safetensors: the disk is full', 'What was there before is untouched'),
])('a full disk, whoever found it', (error) => {
  expect(faultOf(error, KEPT)).toMatchObject({
    code: 'IO_DISK_FULL',
    message: expect.stringContaining(error.message),
    remedy: `${KEPT}. Free some space and go on`,
  })
})

test('any other error stays what it is', () => {
  const coded = new CodedError('DATA_IMAGE_BROKEN', 'a.png: allocation failed', 'Look')
  const plain = new TypeError('x is not a function')
  expect(faultOf(coded, KEPT)).toBe(coded)
  expect(faultOf(plain, KEPT)).toBe(plain)
})
