/** Commands about classes: each class by its number, and what can be done with one of them. */
import type { Command } from '../commands/commands.svelte.ts'
import type { Studio } from '../session/studio.svelte.ts'
import { countOf } from '../ui/numbers.ts'
import type { AnnotationView } from './annotation-view.svelte.ts'

/** Classes that have a key of their own: 1 to 9. */
const WITH_KEYS = 9

/** Sets the class of the selection, or of new boxes. @param names of the classes, in their order */
export function classNumberCommands({ editor, classes }: Studio, names: readonly string[]): Command[] {
  return Array.from({ length: Math.max(names.length, WITH_KEYS) }, (_, i): Command => {
    const isThere = i < names.length
    return {
      id: `object.class${i + 1}`,
      title: isThere ? `Class ${i + 1}: ${names[i]}` : `Class ${i + 1}`,
      group: 'Object',
      ...(i < WITH_KEYS ? { keys: [`${i + 1}`] } : { onlyFound: true as const }),
      enabled: () => isThere,
      run: () => editor.classify(classes[i]!.id),
    }
  })
}

/** Commands that mean the class of the menu that was opened last, otherwise that of new boxes. */
export function classCommands(studio: Studio, view: AnnotationView): Command[] {
  const { editor, client } = studio
  const { menus } = view
  const target = () => {
    const id = menus.classId !== null && studio.classById.has(menus.classId) ? menus.classId : editor.penClass
    return id === null ? undefined : studio.classById.get(id)
  }
  const at = (): number => studio.classes.findIndex(({ id }) => id === target()?.id)
  const about = (id: string, title: string, run: (id: number) => void | Promise<void>): Command => ({
    id: `class.${id}`,
    title,
    group: 'Object',
    enabled: () => studio.canEdit && target() !== undefined,
    run: () => run(target()!.id),
  })
  const moving = (id: string, title: string, by: 1 | -1): Command => ({
    ...about(id, title, async () => {
      const ids = studio.classes.map((entry) => entry.id)
      ids.splice(at() + by, 0, ...ids.splice(at(), 1))
      await studio.attempt(client.call('classes.reorder', { ids }))
    }),
    enabled: () => studio.canEdit && at() >= 0 && at() + by >= 0 && at() + by < studio.classes.length,
  })
  return [
    {
      id: 'object.pickClass',
      title: 'Choose class…',
      group: 'Object',
      keys: ['c'],
      enabled: () => studio.canEdit,
      run: () => menus.pickClass(view.pickerPlace()),
    },
    {
      id: 'class.add',
      title: 'Add classes…',
      group: 'Object',
      enabled: () => studio.canEdit,
      run: () => {
        menus.adding = true
      },
    },
    about('rename', 'Rename class', (id) => {
      menus.renaming = id
    }),
    about('edit', 'Class settings…', (id) => {
      menus.editing = id
    }),
    {
      ...about('find', 'Show only images with this class', (id) =>
        studio.images.search(`class:${JSON.stringify(studio.classById.get(id)!.name)}`),
      ),
      enabled: () => target() !== undefined,
    },
    moving('up', 'Move class up', -1),
    moving('down', 'Move class down', 1),
    about('delete', 'Delete class and its labels', async (id) => {
      const { name, labels } = studio.classById.get(id)!
      const done = await studio.change('classes.remove', { id })
      const with_ = labels > 0 ? ` and its ${countOf(labels, 'label')}` : ''
      if (done) studio.showStep(`Deleted class ${name}${with_}`, done.by)
    }),
  ]
}

export const CLASS_MENU = [
  'class.rename',
  'class.edit',
  'class.find',
  null,
  'class.up',
  'class.down',
  null,
  'class.delete',
]
