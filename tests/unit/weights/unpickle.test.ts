import { BufferReader } from 'pickleparser'
import { expect, test } from 'vitest'
import { unpickle } from '../../../src/main/engine/weights/pth/unpickle.ts'

const read = (program: string) => unpickle(new BufferReader(Buffer.from(program, 'latin1')))

test.each([
  ['GLOBAL and REDUCE', '\x80\x02cposix\nsystem\nU\x04echo\x85R.', 'posix.system'],
  ['STACK_GLOBAL', '\x80\x04\x8c\x08builtins\x8c\x04eval\x93.', 'builtins.eval'],
  ['INST', '(S"x"\nios\nsystem\n.', 'os.system'],
  ['a name never called', 'c__builtin__\ngetattr\n.', '__builtin__.getattr'],
  ['a nested pickle', '\x80\x02ctorch.storage\n_load_from_bytes\n.', 'torch.storage._load_from_bytes'],
  ['a name of JavaScript', 'c__proto__\nconstructor\n.', '__proto__.constructor'],
])('refuses %s by name', (_, program, name) => {
  expect(() => read(program)).toThrow(
    expect.objectContaining({ code: 'WEIGHTS_UNSAFE', message: expect.stringContaining(name) }),
  )
})

test.each([
  ['calling a storage type', '\x80\x02ctorch\nFloatStorage\n)R.'],
  ['constructing a function', '\x80\x02ctorch._utils\n_rebuild_tensor_v2\n)\x81.'],
  ['changing a function', '\x80\x02ctorch._utils\n_rebuild_tensor_v2\n}U\x01xK\x01sb.'],
  ['a tensor of no storage', '\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(NK\x00))tR.'],
  ['a storage of another kind', '\x80\x02U\x03abcQ.'],
  ['an empty stack', '\x80\x02R.'],
  ['no end', '\x80\x02}'],
])('%s is malformed', (_, program) => {
  expect(() => read(program)).toThrow(expect.objectContaining({ code: 'WEIGHTS_PICKLE' }))
})

test.each([
  ['outside its storage', 'K\x01', 'K\x03\x85', 'K\x02\x85'],
  ['with an offset outside', 'K\x06', 'K\x01\x85', 'K\x01\x85'],
  ['with more strides than sizes', 'K\x00', 'K\x02\x85', 'K\x01K\x01\x86'],
  ['with a negative stride', 'K\x03', 'K\x02\x85', 'J\xff\xff\xff\xff\x85'],
  ['that repeats one element without end', 'K\x00', 'J\xff\xff\xff\x7f\x85', 'K\x00\x85'],
])('a tensor %s is malformed', (_, offset, shape, strides) => {
  const storage = '(U\x07storagectorch\nFloatStorage\nU\x010U\x03cpuK\x05tQ'
  const program = `\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(${storage}${offset}${shape}${strides}\x89NtR.`
  expect(() => read(program)).toThrow(expect.objectContaining({ code: 'WEIGHTS_PICKLE' }))
})

test('Python 2 lists the items of an ordered dict as its argument', () => {
  expect(read('\x80\x02ccollections\nOrderedDict\n](](U\x01aK\x01e](U\x01bK\x02ee\x85R.')).toEqual(
    new Map([
      ['a', 1],
      ['b', 2],
    ]),
  )
})
