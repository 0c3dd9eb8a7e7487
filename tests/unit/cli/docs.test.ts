import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { TrainingFile } from '../../../src/core/contract/training.ts'
import { ARCHITECTURES } from '../../../src/core/detectors/architectures.ts'
import { detectors } from '../../../src/core/detectors/detectors.ts'

const text = readFileSync(new URL('../../../docs/cli.md', import.meta.url), 'utf8')

test('the configuration that docs/cli.md shows is one', () => {
  const [, json] = /```json\n(.*?)```/s.exec(text)!
  expect(TrainingFile.safeParse(JSON.parse(json!)).error).toBeUndefined()
})

/** Left out of presets, and what stands in its place. */
const LEFT_OUT: Readonly<Record<string, unknown>> = { 'loss.quality': 'centerness' }
/** Those that the text above the tables describes. */
const COMMON = [
  'head.channels',
  'head.depth',
  'head.norm',
  'head.groups',
  'loss.focalAlpha',
  'loss.focalGamma',
]

test.each(detectors().map((one) => [one.title, one] as const))(
  'the settings of %s in docs/cli.md are those of its presets',
  (title, { name, presets }) => {
    const [table] = text.slice(text.indexOf(`\n| ${title} | values`) + 1).split('\n\n')
    const rows = table!.split('\n').slice(2)
    const described = new Set(COMMON)
    for (const row of rows) {
      const [, setting, values, given] = row.split('|').map((cell) => cell.trim())
      const keys = [...setting!.matchAll(/`(\w+)\.(\w+)`/g)]
      for (const [, part, key] of keys) described.add(`${part}.${key}`)
      const [, part, key] = keys[0] ?? []
      const words = [...given!.matchAll(/`([\w-]+)`/g)].map(([, word]) => word!)
      if (!part || !key || words.length === 0) continue
      for (const [i, architecture] of ARCHITECTURES.entries()) {
        const preset = presets[architecture]([{ id: 1, name: 'cell' }])[part][key]
        expect(`${preset ?? LEFT_OUT[`${part}.${key}`]}`, setting).toBe(words[i] ?? words[0])
      }
      const offered = [...values!.matchAll(/`([\w-]+)`/g)].map(([, word]) => word!)
      // Numbers and objects are described in words.
      if (!offered.includes(words[0]!)) continue
      for (const word of offered) {
        const value = word === 'true' || word === 'false' ? word === 'true' : word
        const model = { detector: name, [part]: { [key]: value } }
        expect(TrainingFile.safeParse({ model }).error, `${setting} ${word}`).toBeUndefined()
      }
    }
    const { assignment, head, loss } = presets.lite0([{ id: 1, name: 'cell' }])
    const all = Object.entries({ assignment, head, loss }).flatMap(([part, one]) =>
      Object.keys(one).map((key) => `${part}.${key}`),
    )
    expect(all.filter((key) => !described.has(key))).toEqual([])
  },
)
