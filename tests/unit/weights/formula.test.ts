import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { formulaUniform, formulaValues } from '../../support/formula.ts'

const salt = JSON.parse(readFileSync(new URL('../../fixtures/salt.json', import.meta.url), 'utf8'))

test('draws the reference numbers bit for bit', () => {
  expect([...formulaUniform('probe', 5)]).toEqual(salt['first_values_of_salt/probe'])
})

test('each kind of tensor has its range', () => {
  const range = (key: string, shape: number[]) => {
    const values = formulaValues(key, shape)
    return [Math.min(...values), Math.max(...values)]
  }
  const between = ([min, max]: number[], low: number, high: number) => {
    expect(min).toBeGreaterThanOrEqual(low)
    expect(max).toBeLessThanOrEqual(high)
    expect(max! - min!).toBeGreaterThan(0.9 * (high - low))
  }
  between(range('a.conv1.weight', [64, 6, 1, 1]), -1, 1)
  between(range('a.conv3.weight', [64, 6, 1, 1]), -0.25, 0.25)
  between(range('a.bn1.running_var', [200]), 0.75, 1.25)
  between(range('a.bn1.weight', [200]), 0.9, 1.1)
  between(range('a.cls_logits.bias', [91]), -4.55, -4.45)
  between(range('a.bn1.running_mean', [200]), -0.05, 0.05)
})
