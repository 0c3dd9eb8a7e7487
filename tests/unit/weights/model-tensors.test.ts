import { expect, test } from 'vitest'
import { r50Tensors } from '../../support/r50.ts'
import { fixtureShapes } from '../../support/state-dict.ts'

test("names, shapes and order are torchvision's", () => {
  expect(r50Tensors(91).map(({ name, shape }) => [name, shape])).toEqual(
    fixtureShapes('torchvision_state_dict.json'),
  )
})

test('only the classifier depends on the number of classes', () => {
  const full = new Map(r50Tensors(91).map(({ name, shape }) => [name, shape]))
  const changed = r50Tensors(3).filter(({ name, shape }) => shape[0] !== full.get(name)![0])
  expect(changed).toEqual([
    { name: 'head.classification_head.cls_logits.weight', shape: [3, 256, 3, 3], classes: 3 },
    { name: 'head.classification_head.cls_logits.bias', shape: [3], classes: 3 },
  ])
})
