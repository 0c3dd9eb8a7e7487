import { globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { CodedError, type ErrorCode } from '../../../../src/core/errors.ts'
import { errorWords, remedyFor } from '../../../../src/renderer/session/error-words.ts'

/** Remedies in the sources that name a program or an option, each with the code that it belongs to. */
function remediesWithCommands(): { readonly code: ErrorCode; readonly remedy: string }[] {
  const files = globSync('src/{core,main/{engine,images,process,studio}}/**/*.ts')
  expect(files.length).toBeGreaterThan(100)
  return files.flatMap((file) => {
    const text = readFileSync(file, 'utf8')
    return [...text.matchAll(/CodedError\(\s*'([A-Z_]+)',/g)].flatMap(({ 1: code, index }) => {
      const call = text.slice(index, index + 500).split('\n}')[0]!
      const texts = call.match(/'[^'\n]*'|`(?:\\`|[^`])*`/g) ?? []
      return texts
        .map((one) => one.slice(1, -1))
        .filter((one) => /\bnpm\b|(^|\s)--[a-z]|\bfcos [a-z]/.test(one))
        .map((remedy) => ({ code: code as ErrorCode, remedy }))
    })
  })
}

test('no remedy names a command, and each command has a remedy of the window in its place', () => {
  const found = remediesWithCommands()
  expect(found.map(({ code }) => code)).toContain('RUNTIME_MISSING')
  for (const { code, remedy } of found) {
    const shown = remedyFor({ code, message: 'It failed', remedy })
    expect(shown, `${code}: ${remedy}`).not.toMatch(/--[a-z]|npm|`/)
    expect(shown, `${code}: ${remedy}`).not.toBe('')
  }
})

test('what was kept is still said', () => {
  const remedy = 'Nothing was lost. `npm run setup` repairs it'
  expect(errorWords(new CodedError('RUNTIME_DAMAGED', 'It is damaged', remedy))).toBe(
    'It is damaged. Nothing was lost. Quit the studio and start it again, so that it checks its engine',
  )
})

test('other remedies and errors without one stay as they are', () => {
  expect(errorWords(new CodedError('DATA_READ', 'No such folder', 'Choose another'))).toBe(
    'No such folder. Choose another',
  )
  expect(errorWords(new Error('It broke'))).toBe('It broke')
})
