import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { Child } from '../../../src/main/process/child.ts'
import { complaintOf } from '../../../src/main/process/complaint.ts'

const entry = fileURLToPath(new URL('../../support/child-program.ts', import.meta.url))

test('an error that nobody foresaw arrives with the stack of where it was thrown', async () => {
  const child = new Child<string>(
    { title: 'The child', node: process.execPath, entry },
    () => new Error('died'),
  )
  onTestFinished(() => child.kill(() => new Error('over')))
  const error = (await child.call('fail').catch((error) => error)) as Error
  expect(error).toMatchObject({ code: 'ENGINE_INTERNAL', message: expect.stringContaining('unforeseen') })
  expect(error.stack).toContain('child-program.ts:')
  expect(await child.call('again')).toBe('again')
})

test('a process that could not be started fails every call', async () => {
  const child = new Child<string>(
    { title: 'The child', node: '/none/node', entry },
    ({ reason }) => new Error(reason),
  )
  await expect(child.call('x')).rejects.toThrow('ENOENT')
  await expect(child.call('x')).rejects.toThrow('ENOENT')
  await expect(child.hello).rejects.toThrow('ENOENT')
})

test.each([
  [
    'an error that Node prints with its properties',
    `node:internal/modules/cjs/loader:1940
  return process.dlopen(module, path.toNamespacedPath(filename));
                 ^

Error: libtensorflow_cc.so.2: cannot open shared object file: No such file or directory
    at Object..node (node:internal/modules/cjs/loader:1940:18) {
  code: 'ERR_DLOPEN_FAILED'
}

Node.js v24.21.0
`,
    'Error: libtensorflow_cc.so.2: cannot open shared object file: No such file or directory',
  ],
  [
    'a line without a name',
    'terminate called\nout of tensors\n    at somewhere (file.ts:1:1)\n',
    'out of tensors',
  ],
  [
    'a compiler',
    'fake.cc: In function main\nerror: no kernels on this machine\ncompilation ended.',
    'error: no kernels on this machine',
  ],
  [
    'TensorFlow that finds no GPU',
    'I0000 00:00:1795.1 7 port.cc:153] different numerical results due to round-off errors\nE0000 00:00:1795.2 7 cuda_platform.cc:51] failed call to cuInit: INTERNAL: CUDA error\nW0000 00:00:1795.3 7 gpu_device.cc:1] Skipping registering GPU devices...\n',
    'E0000 00:00:1795.2 7 cuda_platform.cc:51] failed call to cuInit: INTERNAL: CUDA error',
  ],
  ['nothing', '\n', ''],
])('the line that says why: %s', (_, stderr, line) => {
  expect(complaintOf(stderr)).toBe(line)
})
