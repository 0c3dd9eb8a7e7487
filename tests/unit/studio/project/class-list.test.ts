import { expect, test } from 'vitest'
import { namesIn } from '../../../../src/core/project/class-list.ts'
import { createProject } from '../../../../src/main/studio/project/project.ts'
import { scratch } from '../../../support/scratch.ts'

test.each([
  ['dice', ['dice']],
  ['dice, marbles;pawn\tking', ['dice', 'marbles', 'pawn', 'king']],
  ['dice\r\nmarble \n\n  pawn\n', ['dice', 'marble', 'pawn']],
  ['names:\n  - "traffic light"\n  - \'car\'', ['traffic light', 'car']],
  ['names:\n  0: person\n  1: bicycle', ['person', 'bicycle']],
  ['names: [cat, dog]', ['cat', 'dog']],
  ['1. cat\n2) dog\n• cow', ['cat', 'dog', 'cow']],
  ['cat\ncat\nCat', ['cat', 'Cat']],
  ['3d printer\n7up', ['3d printer', '7up']],
  ['big   cat', ['big cat']],
  [', ;\n', []],
])('names of classes in %j', (text, names) => {
  expect(namesIn(text)).toEqual(names)
})

test('a list of classes is one step, without those that are there already; a name that cannot be takes all back', async () => {
  const project = await createProject(await scratch())
  project.classes.add('dog')
  expect(project.classes.addAll(['cat', 'dog', 'cow'])).toMatchObject({ known: ['dog'] })
  const names = () => project.classes.all().map(({ name }) => name)
  expect(names()).toEqual(['dog', 'cat', 'cow'])
  expect(() => project.classes.addAll(['pig', ' x'])).toThrow(/cannot be the name/)
  expect(names()).toEqual(['dog', 'cat', 'cow'])
  project.history.undo()
  expect(names()).toEqual(['dog'])
  project.close()
})
