import { expect, test } from 'vitest'
import { summarise } from '../../../../src/main/studio/project/summary.ts'
import { someProject } from '../../../support/project.ts'
import { perform } from '../../../support/project-commands.ts'
import { commandsOf } from '../../../support/project-editor.ts'

test('the counts of a summary and of the classes are those of the rows, after any edits', async () => {
  const project = await someProject('a.jpg', 'b.jpg', 'c.jpg')
  project.database.exec('PRAGMA synchronous = OFF')
  for (const [index, command] of commandsOf(3, 300).entries()) {
    perform(project, command)
    if (index % 10 > 0) continue
    const images = project.images.list(project.find(''))
    const annotations = images.flatMap(({ id }) => project.annotations.of(id))
    const labels = annotations.filter(({ source }) => source !== 'proposed')
    const summary = summarise(project)
    expect(summary).toMatchObject({
      images: images.length,
      labels: labels.length,
      proposals: annotations.length - labels.length,
      errors: images.filter(({ error }) => error !== null).length,
      undo: project.history.steps(1000).find(({ state }) => state === 'done')?.label ?? null,
      redo: project.history.steps(1000).findLast(({ state }) => state === 'undone')?.label ?? null,
    })
    for (const [state, count] of Object.entries(summary.byState)) {
      expect(count).toBe(images.filter((image) => image.state === state).length)
    }
    for (const [split, count] of Object.entries(summary.bySplit)) {
      expect(count).toBe(images.filter((image) => (image.split ?? 'none') === split).length)
    }
    const byClass = Map.groupBy(labels, ({ classId }) => classId)
    expect(project.classes.counts()).toEqual(new Map([...byClass].map(([id, { length }]) => [id, length])))
    expect(project.annotations.ofImages(images.map(({ id }) => id)).flat()).toEqual(annotations)
  }
})
