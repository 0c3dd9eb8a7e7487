/** Commands about images: navigation, state and split. Keys follow labelme and its successors. */

import type { Caller } from '../../core/contract/studio.ts'
import type { ImageState, Split } from '../../core/project/model.ts'
import type { Command } from '../commands/commands.svelte.ts'
import type { Studio } from '../session/studio.svelte.ts'
import { countOf } from '../ui/numbers.ts'
import type { AnnotationView } from './annotation-view.svelte.ts'

const FAR = 10

/** Where images are right-clicked in the list. */
export const IMAGE_MENU = [
  'image.doneNext',
  'image.done',
  'image.inProgress',
  'image.new',
  'image.ignore',
  null,
  'image.split.train',
  'image.split.val',
  'image.split.test',
  'image.split.none',
  null,
  'image.setClass',
  'image.markAll',
  'image.unmark',
  null,
  'image.remove',
  'image.restore',
]

export function imageCommands(studio: Studio, view: AnnotationView): Command[] {
  const { images } = studio
  const going = (id: string, title: string, keys: string[], by: number): Command => ({
    id,
    title,
    group: 'Image',
    keys,
    enabled: () => images.ids.length > 0,
    repeats: true,
    run: () => images.step(by),
  })
  const many = (): boolean => images.targets.length > 1
  const enabled = (): boolean => studio.canEdit && images.targets.length > 0
  const changed = (what: string, done: { by: Caller } | undefined): void => {
    if (done && many()) studio.showStep(`${what}: ${countOf(images.targets.length, 'image')}`, done.by)
  }
  const marking = (id: string, title: string, keys: string[], state: ImageState, then = 0): Command => ({
    id,
    title,
    group: 'Image',
    keys,
    enabled,
    run: async () => {
      const { current } = images
      const isOne = !many()
      changed(title, await studio.change('images.setState', { ids: images.targets, state }))
      if (isOne && then !== 0 && images.current === current) images.step(then)
    },
  })
  const splitting = (split: Split | null, title: string): Command => ({
    id: `image.split.${split ?? 'none'}`,
    title,
    group: 'Image',
    enabled,
    checked: () => images.targets.every((id) => images.row(id)?.split === split),
    run: async () => changed(title, await studio.change('images.setSplit', { ids: images.targets, split })),
  })
  return [
    going('image.next', 'Next image', ['d'], 1),
    going('image.previous', 'Previous image', ['a'], -1),
    going('image.forward', 'Ten images forward', ['Shift+d'], FAR),
    going('image.back', 'Ten images back', ['Shift+a'], -FAR),
    going('image.first', 'First image', ['Home'], Number.NEGATIVE_INFINITY),
    going('image.last', 'Last image', ['End'], Number.POSITIVE_INFINITY),
    {
      id: 'image.nextNew',
      title: 'Next new image',
      group: 'Image',
      keys: ['$mod+Shift+d'],
      run: async () => {
        const found = await studio.attempt(
          studio.client.call('images.find', { query: `state:new ${images.query}` }),
        )
        if (!found) return
        const after = found.ids.find((id) => (images.indexOf.get(id) ?? -1) > images.currentIndex)
        const next = after ?? found.ids[0]
        if (next === undefined) studio.messages.show('No image in this list is new')
        else images.open(next)
      },
    },
    marking('image.doneNext', 'Mark as done and go to next', ['f'], 'done', 1),
    marking('image.done', 'Mark as done', ['Shift+f'], 'done'),
    marking('image.inProgress', 'Mark as in progress', [], 'in-progress'),
    marking('image.new', 'Mark as new', [], 'new'),
    marking('image.ignore', 'Ignore image', ['i'], 'ignored'),
    splitting('train', 'Use for training'),
    splitting('val', 'Use for validation'),
    splitting('test', 'Use for testing'),
    splitting(null, 'Remove from splits'),
    {
      id: 'image.markAll',
      title: 'Select all listed images',
      group: 'Image',
      keys: ['$mod+Alt+a'],
      enabled: () => images.ids.length > 1,
      run: () => images.markAll(),
    },
    {
      id: 'image.unmark',
      title: 'Select only the open image',
      group: 'Image',
      enabled: many,
      run: () => images.unmark(),
    },
    {
      id: 'image.setClass',
      title: 'Change class of all boxes…',
      group: 'Image',
      enabled,
      run: () => {
        const ids = images.targets
        view.menus.pickClass(view.pickerPlace(), [], {
          title: `Class of all boxes in ${countOf(ids.length, 'image')}`,
          choose: async (classId, name) => {
            const done = await studio.change('images.setClass', { ids, classId })
            if (done) studio.showStep(`All boxes in ${countOf(ids.length, 'image')}: ${name}`, done.by)
          },
        })
      },
    },
    {
      id: 'image.remove',
      title: 'Remove from project',
      group: 'Image',
      keys: ['$mod+Delete', '$mod+Backspace'],
      enabled,
      run: async () => {
        const ids = images.targets
        const done = await studio.change('images.remove', { ids })
        if (!done) return
        images.unmark()
        studio.showStep(
          `Removed ${countOf(ids.length, 'image')} from the project. The files stay on the disk`,
          done.by,
        )
      },
    },
    {
      id: 'image.restore',
      title: 'Bring back removed images',
      group: 'Image',
      enabled: () => studio.canEdit && (studio.project?.removed ?? 0) > 0,
      run: async () => {
        const done = await studio.change('images.restore', {})
        if (done)
          studio.showStep(`Brought back ${countOf(done.result.ids.length, 'image')}, without labels`, done.by)
      },
    },
    {
      id: 'image.find',
      title: 'Find images',
      group: 'Image',
      keys: ['/'],
      run: () => document.getElementById('image-query')?.focus(),
    },
  ]
}
