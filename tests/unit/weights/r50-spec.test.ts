import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { r50Tensors } from '../../../src/main/engine/model/r50-spec.ts'

/** [name, shape] of every tensor of torchvision 0.29.1's own model. */
const reference: [string, number[]][] = JSON.parse(
  readFileSync(new URL('../../fixtures/torchvision_state_dict.json', import.meta.url), 'utf8'),
)

test("names, shapes and order are torchvision's", () => {
  expect(r50Tensors(91).map(({ name, shape }) => [name, shape])).toEqual(reference)
})

test('only the classifier depends on the number of classes', () => {
  const full = new Map(r50Tensors(91).map(({ name, shape }) => [name, shape]))
  const changed = r50Tensors(3).filter(({ name, shape }) => shape[0] !== full.get(name)![0])
  expect(changed).toEqual([
    { name: 'head.classification_head.cls_logits.weight', shape: [3, 256, 3, 3] },
    { name: 'head.classification_head.cls_logits.bias', shape: [3] },
  ])
})
