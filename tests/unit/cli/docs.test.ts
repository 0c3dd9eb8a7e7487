import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { TrainingFile } from '../../../src/core/contract/training.ts'

test('the configuration that docs/cli.md shows is one', () => {
  const text = readFileSync(new URL('../../../docs/cli.md', import.meta.url), 'utf8')
  const [, json] = /```json\n(.*?)```/s.exec(text)!
  expect(TrainingFile.safeParse(JSON.parse(json!)).error).toBeUndefined()
})
