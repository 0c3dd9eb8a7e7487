/** Commands about the objects of the open image. Keys follow labelme and its successors. */
import { tick } from 'svelte'
import type { Command } from '../commands/commands.svelte.ts'
import type { Studio } from '../session/studio.svelte.ts'
import type { AnnotationView } from './annotation-view.svelte.ts'
import { outlineMenu } from './outline-commands.ts'

/** px of the image */
const DUPLICATE_OFFSET = 10
const NUDGES = [
  ['Left', -1, 0],
  ['Right', 1, 0],
  ['Up', 0, -1],
  ['Down', 0, 1],
] as const

export function objectCommands(studio: Studio, view: AnnotationView): Command[] {
  const { editor, images } = studio
  const selected = (): number[] => [...editor.image.selection]
  const hasSelection = (): boolean => editor.image.selection.size > 0
  const onSelection = (
    id: string,
    title: string,
    keys: string[],
    run: (ids: number[]) => void | Promise<void>,
  ): Command => ({
    id,
    title,
    group: 'Object',
    keys,
    enabled: hasSelection,
    run: () => run(selected()),
  })
  const flag = (name: 'difficult' | 'crowd', title: string, key: string): Command => ({
    ...onSelection(`object.${name}`, title, [key], (ids) => {
      const on = editor.image.selected.every((one) => one[name])
      editor.update(ids, { [name]: !on }, title)
    }),
    checked: () => hasSelection() && editor.image.selected.every((one) => one[name]),
  })
  return [
    {
      ...onSelection('object.delete', 'Delete', ['Delete', 'Backspace'], (ids) => {
        if (!view.canvas?.removeVertex()) editor.remove(ids)
      }),
      enabled: () => (hasSelection() || view.tool === 'polygon') && studio.canEdit,
    },
    onSelection('object.copy', 'Copy', ['$mod+c'], (ids) => editor.clipboard.copy(ids)),
    {
      id: 'object.paste',
      title: 'Paste',
      group: 'Object',
      keys: ['$mod+v'],
      enabled: () => studio.canEdit,
      run: () => editor.clipboard.paste(),
    },
    onSelection('object.duplicate', 'Duplicate', ['$mod+d'], (ids) =>
      editor.clipboard.duplicate(ids, DUPLICATE_OFFSET),
    ),
    {
      id: 'object.copyFromPrevious',
      title: 'Copy all from the previous image',
      group: 'Object',
      keys: ['$mod+p'],
      enabled: () => studio.canEdit && images.currentIndex > 0,
      run: () => editor.clipboard.copyFrom(images.ids[images.currentIndex - 1]!),
    },
    {
      id: 'object.selectAll',
      title: 'Select all',
      group: 'Object',
      keys: ['$mod+a'],
      run: () => editor.image.select(visible(view)),
    },
    {
      id: 'object.nextProposal',
      title: 'Next proposal',
      group: 'Object',
      keys: ['j'],
      enabled: () => shownProposals(view).length > 0 || (studio.project?.proposals ?? 0) > 0,
      run: async () => {
        const [next] = proposalsAfter(view, selected())
        if (next !== undefined) editor.image.select([next])
        else await studio.review.next()
      },
    },
    onSelection('object.selectClass', 'Select all of this class', ['$mod+Shift+a'], () => {
      const classes = new Set(editor.image.selected.map(({ classId }) => classId))
      editor.image.select(visible(view, (classId) => classes.has(classId)))
    }),
    {
      id: 'object.next',
      title: 'Next object',
      group: 'Object',
      keys: ['.'],
      repeats: true,
      run: () => selectNext(view, editor, 1),
    },
    {
      id: 'object.previous',
      title: 'Previous object',
      group: 'Object',
      keys: [','],
      repeats: true,
      run: () => selectNext(view, editor, -1),
    },
    onSelection('object.hide', 'Hide', ['h'], (ids) => {
      for (const id of ids) editor.image.hidden.add(id)
      editor.image.select([])
    }),
    onSelection('object.isolate', 'Hide all others', ['Shift+h'], () => {
      for (const { id } of editor.image.objects)
        if (!editor.image.selection.has(id)) editor.image.hidden.add(id)
    }),
    {
      id: 'object.showAll',
      title: 'Show all',
      group: 'Object',
      keys: ['$mod+h'],
      enabled: () => editor.image.hidden.size > 0,
      run: () => editor.image.hidden.clear(),
    },
    {
      ...onSelection('object.lock', 'Lock', ['k'], (ids) => {
        const unlock = ids.every((id) => editor.image.locked.has(id))
        for (const id of ids) unlock ? editor.image.locked.delete(id) : editor.image.locked.add(id)
      }),
      checked: () => hasSelection() && selected().every((id) => editor.image.locked.has(id)),
    },
    flag('difficult', 'Difficult', 'Shift+t'),
    flag('crowd', 'Crowd', 'Shift+c'),
    onSelection('object.accept', 'Accept proposal', ['y'], (ids) =>
      decide(view, studio, ids, () => editor.accept(ids)),
    ),
    onSelection('object.reject', 'Reject proposal', ['n'], (ids) =>
      decide(view, studio, ids, () => editor.reject(ids)),
    ),
    {
      id: 'object.acceptAll',
      title: 'Accept all proposals shown',
      group: 'Object',
      keys: ['Shift+y'],
      enabled: () => shownProposals(view).length > 0,
      run: () => editor.accept(shownProposals(view)),
    },
    {
      id: 'object.rejectAll',
      title: 'Reject all proposals of this image',
      group: 'Object',
      keys: ['Shift+n'],
      enabled: () => view.boxes.some(({ proposed }) => proposed),
      run: () => editor.reject(view.boxes.map(({ id }) => id)),
    },
    ...NUDGES.flatMap(([side, dx, dy]): Command[] =>
      [1, 10].map((px) => ({
        id: `object.nudge${side}${px === 1 ? '' : px}`,
        title: `Move ${side.toLowerCase()} by ${px} px`,
        group: 'Object',
        keys: [`${px === 1 ? '' : 'Shift+'}Arrow${side}`],
        enabled: () => hasSelection() && studio.canEdit,
        repeats: true,
        run: () => view.canvas?.nudge(dx * px, dy * px),
      })),
    ),
  ]
}

const OBJECT_MENU = [
  'object.copy',
  'object.duplicate',
  'object.selectClass',
  'view.zoomToSelection',
  null,
  'object.hide',
  'object.isolate',
  'object.lock',
  'object.difficult',
  'object.crowd',
  null,
  'object.delete',
]

/** Below the classes, where an object is right-clicked. */
export const objectMenu = ({ image }: Studio['editor']): readonly (string | null)[] => [
  ...(image.selected.some(({ source }) => source === 'proposed')
    ? ['object.accept', 'object.reject', null]
    : []),
  ...outlineMenu(image.selected),
  null,
  ...OBJECT_MENU,
]

/** Where nothing but the image is right-clicked. */
export const CANVAS_MENU = [
  'object.pickClass',
  'object.paste',
  'object.selectAll',
  'object.copyFromPrevious',
  'object.showAll',
  null,
  'object.acceptAll',
  'object.rejectAll',
  null,
  'tool.draw',
  'tool.polygon',
  'tool.select',
  'view.fit',
  'view.actualSize',
  'xray.toggle',
  null,
  'image.doneNext',
  'image.ignore',
]

const visible = ({ boxes }: AnnotationView, of: (classId: number) => boolean = () => true): number[] =>
  boxes.filter(({ hidden, classId }) => !hidden && of(classId)).map(({ id }) => id)

const shownProposals = ({ boxes }: AnnotationView): number[] =>
  boxes.filter(({ hidden, proposed }) => proposed && !hidden).map(({ id }) => id)

/** All other visible proposals, starting after the last of these. */
function proposalsAfter(view: AnnotationView, ids: readonly number[]): number[] {
  const shown = shownProposals(view)
  const last = shown.findLastIndex((id) => ids.includes(id))
  return [...shown.slice(last + 1), ...shown.slice(0, last + 1)].filter((id) => !ids.includes(id))
}

/**
 * Goes on to the next proposal that remains, in this image or another: guesses about an object that is now labelled
 * disappear. Does nothing to labels.
 */
async function decide(
  view: AnnotationView,
  { editor, review, images }: Studio,
  ids: readonly number[],
  decision: () => void,
): Promise<void> {
  if (!view.boxes.some(({ id, proposed }) => proposed && ids.includes(id))) return
  const others = proposalsAfter(view, ids)
  const image = images.current
  decision()
  await tick()
  const shown = new Set(shownProposals(view))
  const next = others.find((id) => shown.has(id))
  if (next !== undefined) editor.image.select([next])
  else if (images.current === image) await review.next()
}

function selectNext(view: AnnotationView, editor: Studio['editor'], by: 1 | -1): void {
  const ids = visible(view)
  if (ids.length === 0) return
  const at = ids.findIndex((id) => editor.image.selection.has(id))
  const next = at < 0 ? (by > 0 ? 0 : ids.length - 1) : (at + by + ids.length) % ids.length
  editor.image.select([ids[next]!])
}
