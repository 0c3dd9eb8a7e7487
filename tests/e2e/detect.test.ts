/** What a model sees, in the window: live guesses, deciding on them by key, proposals in many images, the queue. */
import { copyFileSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { EngineData, ScoredBox } from '../../src/core/contract/engine.ts'
import type { BoxXyxy } from '../../src/core/geometry/box.ts'
import type { ClassBox } from '../../src/core/review/undecided.ts'
import { dispatch } from '../../src/main/studio/api/dispatch.ts'
import { startEngine } from '../../src/main/studio/engine/spawn.ts'
import { CATEGORIES, pictures, SMALL } from '../support/pictures.ts'
import { label } from '../support/simulated-labeller.ts'
import { launchBrowser, openWindow, type StudioWindow } from '../support/window.ts'

const folder = mkdtempSync(join(tmpdir(), 'fcos-detect-'))
const checkpoint = join(folder, 'run', 'last.safetensors')
const COUNT = 4
/** Of a run that learnt otherwise. */
const other = join(folder, 'other', 'last.safetensors')
/** The scores of detections in each image, the best first, as the engine itself gives them. */
const scores: number[][] = []
/** Boxes that each of the two checkpoints detects in the first image. */
const boxes = { checkpoint: [] as BoxXyxy[], other: [] as BoxXyxy[] }

let data: EngineData
let browser: Browser
beforeAll(async () => {
  data = await pictures(join(folder, 'pictures'), COUNT)
  const engine = await startEngine({ fastMath: false })
  const training = { ...SMALL.training, steps: 30, saveEvery: 100, optimiser: { rate: 3e-3 } }
  const train = (out: string, seed: number) =>
    engine.call(
      {
        ...{ method: 'train', out: join(folder, out), weights: null, architecture: 'lite0' },
        ...{ data, validation: null, options: { ...SMALL, training: { ...training, seed } }, resume: false },
      },
      () => {},
    )
  const detect = (
    model: string,
    images: EngineData['images'],
    found: (boxes: readonly ScoredBox[]) => void,
  ) =>
    engine.call(
      {
        ...{ method: 'detect', model, images: images.map(({ path }) => path) },
        ...{ score: 0.05, nms: 0.6, limit: 100, batch: 1, size: null },
      },
      (event) => {
        if (event.kind === 'detected') found(event.detections)
      },
    )
  await train('run', 5)
  await train('other', 6)
  await detect(checkpoint, data.images, (found) => scores.push(found.map(({ score }) => score)))
  const first = data.images.slice(0, 1)
  await detect(checkpoint, first, (found) => boxes.checkpoint.push(...found.map(({ box }) => box)))
  await detect(other, first, (found) => boxes.other.push(...found.map(({ box }) => box)))
  await engine.close()
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser.close()
  rmSync(folder, { recursive: true })
})

/** Rules of WCAG 2.2 AA that the page breaks, and where. */
async function violations(page: Page): Promise<string[]> {
  const found = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'])
    .analyze()
  return found.violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`))
}

async function open(): Promise<
  StudioWindow & { proposals(): Promise<number>; slide(name: string, to: number): Promise<void> }
> {
  const project = mkdtempSync(join(folder, 'project-'))
  const window = await openWindow(browser, {
    project: null,
  })
  const { host, page } = window
  await dispatch(host, 'project.create', { folder: project, imageRoot: join(folder, 'pictures') })
  await expect.poll(() => host.summary()?.images).toBe(COUNT)
  for (const { name } of CATEGORIES) await dispatch(host, 'classes.add', { name })
  await dispatch(host, 'models.use', { path: checkpoint })
  await page.getByLabel('Canvas').waitFor()
  const status = page.getByRole('group', { name: 'Detections', exact: true }).getByRole('status')
  return {
    ...window,
    async proposals() {
      await window.stored()
      return Number.parseInt((await status.textContent())!.trim(), 10)
    },
    slide: (name, to) => page.getByRole('slider', { name }).first().fill(String(to)),
  }
}

test('sliders show what the engine would detect; accepting and rejecting are one step each', async () => {
  const window = await open()
  const { host, page } = window
  await window.press('m')
  await window.slide('Score', 0.05)
  const all = scores[0]!.length
  await expect.poll(() => window.proposals()).toBe(all)
  const middle = Math.round(50 * (scores[0]![0]! + scores[0]!.at(-1)!)) / 100
  await window.slide('Score', middle)
  expect(await window.proposals()).toBe(scores[0]!.filter((score) => score > middle).length)
  await window.slide('Score', 0.05)

  // Nothing of all that is stored.
  expect(await window.stored()).toEqual([])
  expect(host.summary()).toMatchObject({ labels: 0, proposals: 0, undo: 'Add class blue' })

  await window.press('j', 'y')
  const [accepted] = await window.stored()
  expect(accepted).toMatchObject({ source: 'accepted', model: 'run/last.safetensors' })
  expect(accepted!.score).toBeCloseTo(scores[0]![0]!, 2)
  expect(host.summary()).toMatchObject({ labels: 1, undo: 'Accept proposals' })
  const after = await window.proposals()
  expect(after).toBeLessThan(all)

  // The next one was selected.
  await window.press('n')
  expect(await window.stored()).toEqual([accepted])
  expect(host.project.annotations.rejections(accepted!.imageId)).toHaveLength(1)
  expect(await window.proposals()).toBeLessThan(after)
  await window.press('Control+z')
  expect(await window.proposals()).toBe(after)
  await window.press('Control+z')
  expect(await window.stored()).toEqual([])
  expect(await window.proposals()).toBe(all)

  // Whoever moves a guess has made it a label.
  await window.press('Escape', 'j', 'ArrowRight')
  await expect.poll(async () => (await window.stored()).length).toBe(1)
  const [moved] = await window.stored()
  expect(moved).toMatchObject({ source: 'accepted', score: accepted!.score })
  expect(moved!.box[0] - accepted!.box[0]).toBeCloseTo(1, 6)
  await window.press('Shift+n')
  expect(await window.proposals()).toBe(0)
  expect(await page.getByRole('button', { name: 'Accept all proposals' }).isDisabled()).toBe(true)
  expect(window.faults).toEqual([])
})

test('proposals in all images, a queue of them, and no violation of the accessibility rules', async () => {
  const window = await open()
  const { host, page } = window
  await window.press('m')
  await window.slide('Score', 0.05)
  await expect.poll(() => window.proposals()).toBe(scores[0]!.length)
  await window.press('Shift+m')
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('slider', { name: 'Minimum score' }).fill('0.1')
  expect(await violations(page)).toEqual([])
  await dialog.getByRole('button', { name: 'Detect', exact: true }).click()
  await page.getByText(/proposals in 4 images/).waitFor()
  const stored = host.summary()!.proposals
  expect(stored).toBe(scores.flat().filter((score) => score > 0.1).length)

  // What is stored and what the slider adds are one list.
  expect(await window.proposals()).toBe(scores[0]!.length)
  await window.press('Shift+y')
  expect(host.summary()).toMatchObject({ undo: 'Accept proposals' })
  const labels = await window.stored()
  expect(labels.every(({ source }) => source === 'accepted')).toBe(true)
  await window.press('Control+z')
  await expect.poll(() => host.summary()).toMatchObject({ labels: 0, proposals: stored })

  await page.getByRole('combobox', { name: 'Order' }).selectOption('useful')
  const { items } = (await dispatch(host, 'review.queue', { query: '', limit: 10 })) as {
    items: { image: number }[]
  }
  const order = host.project.images.list(items.map(({ image }) => image)).map(({ path }) => path)
  await expect.poll(() => page.getByLabel('Images').locator('.name').allTextContents()).toEqual(order)
  expect(await violations(page)).toEqual([])
  expect(window.faults).toEqual([])
})

test('Assist says what it waits for and how many images it learns from, without a violation of the accessibility rules', async () => {
  const window = await open()
  const { host, page } = window
  const bar = page.getByRole('group', { name: 'Assist', exact: true })
  const says = (words: string) => bar.getByText(words).waitFor()
  await window.press('g')
  await says('Assist waits for the first finished image with a box')
  const ids = host.project.classes.all().map(({ id }) => id)
  for (const [n, image] of host.project.find('-has:error').slice(0, 3).entries()) {
    const { boxes, categories } = data.images[n]!
    const truth = Array.from(categories, (category, i) => {
      const box = [...boxes.subarray(4 * i, 4 * i + 4)] as unknown as ClassBox['box']
      return { classId: ids[category - 1]!, box }
    })
    await label(host, image, truth)
  }
  await says('Assist learns from 3 images')
  expect(await violations(page)).toEqual([])
})

test('newer weights replace all proposals but those that are selected or under the pointer', async () => {
  const window = await open()
  const { host, page } = window
  // A run writes its checkpoint time and again.
  const live = join(mkdtempSync(join(folder, 'live-')), 'last.safetensors')
  const publish = (file: string) => {
    copyFileSync(file, `${live}.partial`)
    renameSync(`${live}.partial`, live)
  }
  publish(checkpoint)
  await dispatch(host, 'models.use', { path: live })
  await window.press('m')
  await window.slide('Score', 0.05)
  await expect.poll(() => window.proposals()).toBe(boxes.checkpoint.length)

  // One is selected, another under the pointer.
  await window.press('j')
  const [[x1, y1, x2, y2]] = boxes.checkpoint as [BoxXyxy]
  const isApart = ([left, , right]: BoxXyxy) => left > x2 || right < x1
  const hovered = boxes.checkpoint.find(isApart)!
  const at = [(hovered[0] + hovered[2]) / 2, (hovered[1] + hovered[3]) / 2] as const
  const { x, y } = await window.place(at)
  await page.mouse.move(x, y)
  const answered = page.waitForResponse((response) => response.url().includes('/asset/candidates/'))
  publish(other)
  await host.models.current(host.project.path)
  await (await answered).finished()
  const isOf = (known: readonly BoxXyxy[], box: BoxXyxy): boolean =>
    known.some((one) => one.every((side, k) => Math.abs(side - box[k]!) < 0.01))
  await expect.poll(() => window.proposals()).not.toBe(boxes.checkpoint.length)

  await window.press('y')
  const [accepted, ...more] = await window.stored()
  expect(more).toEqual([])
  for (const [k, side] of [x1, y1, x2, y2].entries()) expect(accepted!.box[k]).toBeCloseTo(side, 2)
  // All the others are what the newer weights detect, but for those below the pointer.
  await window.press('Shift+Y')
  const others = (await window.stored()).slice(1).map(({ box }) => box)
  const isBelow = ([left, top, right, bottom]: BoxXyxy) =>
    left <= at[0] && at[0] <= right && top <= at[1] && at[1] <= bottom
  expect(others.filter((box) => isOf(boxes.checkpoint, box) && isBelow(box))).not.toEqual([])
  const replaced = others.filter((box) => !isBelow(box))
  expect(replaced.length).toBeGreaterThan(0)
  expect(replaced.filter((box) => !isOf(boxes.other, box))).toEqual([])
})
