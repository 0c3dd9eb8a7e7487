/** Commands about images: navigation, state and split. Keys follow labelme and its successors. */

import type { ImageState, Split } from '../../core/project/model.ts'
import type { Command } from '../commands/commands.svelte.ts'
import type { Studio } from '../session/studio.svelte.ts'

const FAR = 10

export function imageCommands(studio: Studio): Command[] {
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
  const marking = (id: string, title: string, keys: string[], state: ImageState, then = 0): Command => ({
    id,
    title,
    group: 'Image',
    keys,
    enabled: () => studio.canEdit && images.current !== null,
    run: async () => {
      const current = images.current!
      await studio.attempt(studio.client.call('images.setState', { ids: [current], state }))
      if (then !== 0 && images.current === current) images.step(then)
    },
  })
  const splitting = (split: Split | null, title: string): Command => ({
    id: `image.split.${split ?? 'none'}`,
    title,
    group: 'Image',
    enabled: () => studio.canEdit && images.current !== null,
    checked: () => images.currentRow?.split === split,
    run: () => void studio.attempt(studio.client.call('images.setSplit', { ids: [images.current!], split })),
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
      id: 'image.find',
      title: 'Find images',
      group: 'Image',
      keys: ['/'],
      run: () => document.getElementById('image-query')?.focus(),
    },
  ]
}
