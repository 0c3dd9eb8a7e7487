import { beforeEach, expect, test, vi } from 'vitest'
import { CodedError } from '../../../../src/core/errors.ts'
import { ImageList } from '../../../../src/renderer/session/image-list.svelte.ts'
import { idle, StandInClient, StandInContext } from '../../../support/stand-in-studio.svelte.ts'

const FOUND: Record<string, number[]> = { '': [1, 2, 3, 4], 'class:die': [2, 4], 'class:pawn': [3], none: [] }

let client: StandInClient
let context: StandInContext
let images: ImageList
const opened = vi.fn()

beforeEach(async () => {
  opened.mockClear()
  client = new StandInClient({
    'images.find': ({ query }) => ({ ids: FOUND[query] ?? [] }),
    'images.list': ({ ids }) =>
      ids.map((id) => ({ id, path: `${id}.jpg`, error: id === 4 ? 'damaged' : null }) as never),
  })
  context = new StandInContext(client)
  images = new ImageList(context, opened)
  await images.refresh()
})

test('opens the first image, and goes on and back as far as there are any', async () => {
  expect(images.current).toBe(1)
  images.step(1)
  images.step(10)
  expect(images.current).toBe(4)
  images.step(Number.NEGATIVE_INFINITY)
  expect(images.current).toBe(1)
  expect(opened.mock.calls.flat()).toEqual([1, 2, 4, 1])
})

test('a filter that leaves the open image out opens the first that it finds', async () => {
  await images.search('class:die')
  expect(images.current).toBe(2)
  await images.search('class:pawn')
  expect(images.current).toBe(3)
})

test('a filter that finds the open image keeps it; one that finds nothing too', async () => {
  images.open(4)
  await images.search('class:die')
  expect(images.current).toBe(4)
  await images.search('none')
  expect([images.current, images.currentIndex]).toEqual([4, -1])
})

test('images that come and go elsewhere do not take the open one away', async () => {
  images.open(3)
  FOUND[''] = [1, 2]
  await images.refresh()
  expect(images.current).toBe(3)
  FOUND[''] = [1, 2, 3, 4]
})

test('the answer to an older filter does not replace that of a newer one', async () => {
  let answer = (): void => {}
  client.answers['images.find'] = ({ query }) =>
    query === 'class:die' ? new Promise((resolve) => (answer = () => resolve({ ids: [2, 4] }))) : { ids: [3] }
  const first = images.search('class:die')
  await images.search('class:pawn')
  answer()
  await first
  expect(images.ids).toEqual([3])
})

test('what cannot be read is said, and what was listed stays', async () => {
  client.answers['images.find'] = () => {
    throw new CodedError('USAGE_QUERY', 'Unknown state nonsense')
  }
  await images.search('state:nonsense')
  expect(images.queryError).toContain('nonsense')
  expect(images.ids).toEqual([1, 2, 3, 4])
})

test('rows come for what is in view, once', async () => {
  await images.need(0, 3)
  await images.need(0, 3)
  expect(
    client
      .sent('images.list')
      .flatMap(({ ids }) => ids)
      .toSorted(),
  ).toEqual([1, 2, 3, 4])
  expect(images.row(2)!.path).toBe('2.jpg')
})

test('an image whose file cannot be read is open but not readable', async () => {
  images.open(4)
  await idle()
  expect(images.current).toBe(4)
  expect(images.readable).toBe(null)
})

test('in order of use, the images with most to review come first, and the first of them is opened', async () => {
  client.answers['review.queue'] = () => ({
    items: [{ image: 3, disagreement: 1, uncertainty: 0, rarity: 0 }] as never,
    images: 4,
    known: 4,
  })
  await images.sort('useful')
  expect(images.ids).toEqual([3, 1, 2, 4])
  expect(images.current).toBe(3)
})

test('without anything to review the order stays, and why is said', async () => {
  client.answers['review.queue'] = () => ({ items: [], images: 4, known: 0 })
  await images.sort('useful')
  expect(images.order).toBe('path')
  expect(context.messages.list[0]!.text).toContain('Run Detect first')
})

test('several images are marked one by one, from the open one to another, or all; a plain step forgets them', () => {
  expect(images.targets).toEqual([1])
  images.toggle(3)
  expect(images.targets).toEqual([1, 3])
  images.toggle(3)
  expect(images.targets).toEqual([1])
  images.markTo(3)
  expect(images.targets).toEqual([1, 2, 3])
  images.markAll()
  expect(images.targets).toEqual([1, 2, 3, 4])
  images.open(2)
  expect([...images.targets]).toEqual([1, 2, 3, 4])
  images.unmark()
  expect(images.targets).toEqual([2])
})

test('images that a filter leaves out are not changed with the others', async () => {
  images.markAll()
  await images.search('class:die')
  expect(images.targets).toEqual([2, 4])
  await images.search('class:pawn')
  expect(images.targets).toEqual([3])
})

test('when the open image is removed from the project, the one in its place opens; none is open when all are gone', async () => {
  const all = client.answers['images.list']!
  images.open(3)
  await idle()
  FOUND[''] = [1, 2, 4]
  client.answers['images.list'] = ({ ids }) => all({ ids: ids.filter((id) => id !== 3) })
  images.stepped({ images: 'many' } as never)
  await expect.poll(() => images.current).toBe(4)
  FOUND[''] = []
  client.answers['images.list'] = () => []
  images.stepped({ images: 'many' } as never)
  await expect.poll(() => images.current).toBe(null)
  expect(opened).toHaveBeenLastCalledWith(null)
  expect(images.targets).toEqual([])
  FOUND[''] = [1, 2, 3, 4]
})
