import { spawnSync } from 'node:child_process'
import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { completionScript } from '../../../src/main/cli/commands/completion.ts'
import { withStandardInput } from '../../../src/main/cli/detection/standard-input.ts'
import { classScore, tiling } from '../../../src/main/cli/options.ts'
import { fcosProgram } from '../../../src/main/cli/program.ts'

const input = (text: string) => Readable.from([text]) as unknown as typeof process.stdin

test('- stands for the lines of standard input, or for what 0 bytes end', async () => {
  expect(await withStandardInput(['a.png', '-', 'z'], input('b.png\r\nc d.png\n\n'))).toEqual([
    ...['a.png', 'b.png', 'c d.png', 'z'],
  ])
  expect(await withStandardInput(['-', '-'], input('a\nb.png\0c.png\0'))).toEqual(['a\nb.png', 'c.png'])
  expect(await withStandardInput(['a.png'], input('unread'))).toEqual(['a.png'])
})

test('scores of classes are collected, whatever the name has in it', () => {
  expect(classScore('a=b=0.5', classScore('cell=0.25'))).toEqual({ cell: 0.25, 'a=b': 0.5 })
  for (const wrong of ['cell', '=0.5', 'cell=2', 'cell=']) expect(() => classScore(wrong)).toThrow()
  expect(['auto', 'off', '640'].map(tiling)).toEqual(['auto', 'off', 640])
  expect(() => tiling('8')).toThrow()
})

test('bash completes commands, options and choices', () => {
  const script = completionScript(
    fcosProgram('0', () => {}),
    'bash',
  )
  const completed = (...words: string[]) =>
    spawnSync('bash', [
      '-c',
      `${script}\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _fcos; echo "\${COMPREPLY[*]}"`,
      '-',
      ...words,
    ])
      .stdout.toString()
      .trim()
  expect(completed('fcos', 'pred')).toBe('predict')
  expect(completed('fcos', 'detect', '--class-s')).toBe('--class-score')
  expect(completed('fcos', 'detect', '--format', 'y')).toBe('yolo')
  expect(completed('fcos', 'detect', 'photo')).toBe('')
})
