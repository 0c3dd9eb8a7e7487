import { expect, test } from 'vitest'
import { MODEL_NAMES, MODELS, ModelRules, modelOf } from '../../../../src/renderer/xray/model-rules.ts'

test.each(MODEL_NAMES)('the rules of %s are known again after a trip through JSON', (name) => {
  const { rules } = MODELS[name]
  expect(modelOf(ModelRules.parse(JSON.parse(JSON.stringify(rules))))).toBe(name)
  expect(modelOf({ ...rules, rules: { ...rules.rules, radius: 2 } })).toBeUndefined()
})
