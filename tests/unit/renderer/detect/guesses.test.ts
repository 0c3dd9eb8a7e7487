import { flushSync } from 'svelte'
import { expect, onTestFinished, test, vi } from 'vitest'
import { encodeCandidates } from '../../../../src/core/contract/model-assets.ts'
import { lite0Config } from '../../../../src/core/detectors/fcos/presets.ts'
import type { BoxXyxy } from '../../../../src/core/geometry/box.ts'
import { Guesses } from '../../../../src/renderer/detect/guesses.svelte.ts'
import { ModelInUse } from '../../../../src/renderer/session/model-in-use.svelte.ts'
import { OpenImage } from '../../../../src/renderer/session/open-image.svelte.ts'
import { WindowSettings } from '../../../../src/renderer/session/window-settings.svelte.ts'
import { followed } from '../../../support/follow.svelte.ts'
import { annotationOf, idle, StandInClient, StandInContext } from '../../../support/stand-in-studio.svelte.ts'

const client = new StandInClient({ 'settings.set': () => null })

/** Guesses of a studio without a model, with these remembered settings. */
const guessesWith = (stored: ConstructorParameters<typeof WindowSettings>[1]): Guesses => {
  const studio = Object.assign(new StandInContext(client), {
    settings: new WindowSettings(client, stored),
    model: { current: null },
    runs: { all: [] },
    assist: { proposing: false, state: null },
    editor: { image: { loaded: 1, annotations: [], rejections: [] } },
  })
  return new Guesses(studio as never)
}

test('are off until they are asked for, and remembered', () => {
  const guesses = guessesWith({})
  expect(guesses.look).toEqual({ on: false, score: 0.3, nms: 0.6, centerness: true })
  guesses.show({ on: true, score: 0.5 })
  expect(guesses.look).toEqual({ on: true, score: 0.5, nms: 0.6, centerness: true })
})

test('settings that another version wrote are not trusted', () => {
  expect(guessesWith({ 'guesses.look': { on: true, score: 7 } }).look.score).toBe(0.3)
})

test('hide stored proposals below the score while they are shown, and none otherwise', () => {
  const guesses = guessesWith({})
  expect(guesses.hides(1, 0.1)).toBe(false)
  guesses.show({ on: true })
  expect([guesses.hides(1, 0.1), guesses.hides(1, 0.4), guesses.hides(1, null)]).toEqual([true, false, false])
})

test('without a model nothing is guessed', () => {
  const guesses = guessesWith({ 'guesses.look': { on: true, score: 0.3, nms: 0.6, centerness: true } })
  expect(guesses.live.guesses).toEqual([])
})

/** What a version of the learner sees in the image of 400 × 100 pixels: objects of class die, 40 pixels wide. */
const seenAt = (xs: readonly number[]) => {
  const size = { width: 400, height: 100 }
  return encodeCandidates({
    ...{ image: size, resized: size, input: size },
    model: { config: lite0Config([{ id: 1, name: 'die' }]), thresholds: null },
    candidates: {
      boxes: Float32Array.from(xs.flatMap((x) => [x, 20, x + 40, 60])),
      classScores: Float32Array.from(xs, () => 0.81),
      scores: Float32Array.from(xs, () => 0.9),
      parts: { centerness: Float32Array.from(xs, () => 1) },
      locations: Int32Array.from(xs.keys()),
      labels: Int32Array.from(xs, () => 0),
      levels: Uint8Array.from(xs, () => 0),
    },
    embedding: Float32Array.of(1),
  })
}

/** A window with Assist on, whose learner publishes one version after another. */
async function assisted(first: readonly number[]) {
  const versions = [first]
  vi.stubGlobal('fetch', async () => new Response(seenAt(versions.at(-1)!)))
  onTestFinished(() => void vi.unstubAllGlobals())
  const inUse = () => ({ key: `run@${versions.length}`, title: 'Assist', path: '/run/last.safetensors' })
  const { client: own } = new StandInContext(
    new StandInClient({ 'models.current': inUse as never, 'models.list': () => [] }),
  )
  const plain = new StandInContext(own)
  const model = new ModelInUse(Object.assign(plain, { chooser: null as never }))
  const image = new OpenImage(1)
  image.show([], [], (id) => id)
  const studio = Object.assign(plain, {
    settings: new WindowSettings(own, {}),
    model,
    runs: { all: [] },
    images: { readable: 1 },
    assist: { proposing: true, state: { thresholds: [{ classId: 1, score: 0.4 }] } },
    editor: { image },
  })
  const guesses = new Guesses(studio as never)
  const window = { pointer: null as { x: number; y: number } | null }
  const settled = async (): Promise<void> => {
    for (let i = 0; i < 6; i++) {
      flushSync()
      await idle()
    }
  }
  const stop = followed(guesses, () => window.pointer)
  onTestFinished(stop)
  await model.refresh()
  await settled()
  return Object.assign(window, {
    image,
    /** Left edges of the proposals, from left to right. */
    at: () => image.guesses.map(({ box }) => box[0]).toSorted((a, b) => a - b),
    async publish(xs: readonly number[]) {
      versions.push(xs)
      await model.refresh()
      await settled()
    },
    settled,
  })
}

test('newer weights move the proposals that nobody deals with, and no other', async () => {
  const window = await assisted([10, 110, 210, 310])
  expect(window.at()).toEqual([10, 110, 210, 310])
  window.pointer = { x: 15, y: 25 }
  window.image.select([window.image.guesses.find(({ box }) => box[0] === 110)!.id])
  await window.publish([12, 112, 212, 312])
  expect(window.at()).toEqual([10, 110, 212, 312])
  // However far they would move, and even if they would vanish.
  await window.publish([60, 214])
  expect(window.at()).toEqual([10, 60, 110, 214])
  expect(window.image.selected.map(({ box }) => box[0])).toEqual([110])
  // The pointer has left, and nothing is selected any more.
  window.pointer = null
  window.image.select([])
  await window.publish([13, 113, 213])
  expect(window.at()).toEqual([13, 113, 213])
})

test('what is decided stays decided, whatever newer weights say', async () => {
  const window = await assisted([10, 110, 210])
  const box: BoxXyxy = [10, 20, 50, 60]
  const accepted = annotationOf(1, { classId: 1, box, source: 'accepted', model: 'Assist' })
  window.image.show([accepted], [{ classId: 1, box: [110, 20, 150, 60] }], (id) => id)
  await window.settled()
  expect(window.at()).toEqual([210])
  await window.publish([13, 113, 213])
  expect(window.at()).toEqual([213])
  expect(window.image.annotations).toEqual([accepted])

  // One that was held while newer weights came is gone once it is decided.
  window.image.select([window.image.guesses[0]!.id])
  await window.publish([14, 114, 216])
  expect(window.at()).toEqual([213])
  const other = annotationOf(2, { classId: 1, box: [213, 20, 253, 60], source: 'accepted', model: 'Assist' })
  window.image.show([accepted, other], window.image.rejections, (id) => id)
  await window.settled()
  expect(window.at()).toEqual([])
})

test('a proposal that is being dragged stays below the hand', async () => {
  const window = await assisted([10, 110])
  const { id } = window.image.guesses.find(({ box }) => box[0] === 110)!
  window.image.draft = [{ id, box: [120, 20, 160, 60] } as never]
  await window.publish([12, 115])
  expect(window.at()).toEqual([12, 110])
})

test('NMS is the detector’s own until it is set, and set for that detector alone', () => {
  const settings = { 'guesses.nms': { retinanet: 0.4 } }
  const withRun = (detector: string) => {
    const studio = Object.assign(new StandInContext(client), {
      settings: new WindowSettings(client, settings),
      model: { current: { path: '/m' } },
      runs: { all: [{ checkpoint: '/m', detector }] },
      assist: { proposing: false, state: null },
      editor: { image: { loaded: 1, annotations: [], rejections: [] } },
    })
    return new Guesses(studio as never)
  }
  expect(withRun('retinanet').look.nms).toBe(0.4)
  const atss = withRun('atss')
  expect(atss.look.nms).toBe(0.6)
  atss.show({ nms: 0.3 })
  expect(atss.look.nms).toBe(0.3)
})
