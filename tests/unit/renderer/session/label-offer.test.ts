import { beforeEach, expect, test } from 'vitest'
import type { FoundLabels, ImportResult } from '../../../../src/core/contract/studio/project.ts'
import { CodedError } from '../../../../src/core/errors.ts'
import { LabelOffer } from '../../../../src/renderer/session/label-offer.svelte.ts'
import { idle, StandInClient, StandInContext } from '../../../support/stand-in-studio.svelte.ts'

const found = (fingerprint: string, change: Partial<FoundLabels> = {}): FoundLabels => ({
  ...{ format: 'voc', path: `/p/${fingerprint}`, place: fingerprint, files: 2, fingerprint, obstacle: null },
  ...change,
})
const result = (change: Partial<ImportResult> = {}): ImportResult => ({
  ...{
    images: 2,
    newImages: 0,
    boxes: 5,
    knownBoxes: 0,
    newClasses: [],
    absent: 0,
    notKept: [],
    problems: [],
  },
  ...change,
})

let inFolder: FoundLabels[]
let outcome: () => ImportResult
let client: StandInClient
let context: StandInContext
let offer: LabelOffer

beforeEach(() => {
  inFolder = []
  outcome = result
  client = new StandInClient({
    'project.findLabels': () => inFolder,
    'project.declineLabels': () => null,
    'project.import': () => ({ job: 1 }),
  })
  context = new StandInContext(client)
  offer = new LabelOffer(
    Object.assign(context, {
      jobs: { result: async () => outcome() as never },
      change: async (method: never, params: never) => ({
        result: await client.call(method, params),
        by: { client: 'this window', call: 1 },
      }),
      showStep: (text: string) => context.messages.show(text),
    } as never) as never,
  )
})

test('the only data set is counted at once, and one call imports it', async () => {
  inFolder = [found('a')]
  await offer.look()
  expect(offer.shown).toEqual(inFolder)
  expect(offer.counted?.boxes).toBe(5)
  expect(client.sent('project.import')).toEqual([{ path: '/p/a', from: 'voc', dryRun: true }])
  await offer.take()
  expect(client.sent('project.import')[1]).toEqual({ path: '/p/a', from: 'voc', dryRun: false })
  expect(offer.shown).toBe(null)
  expect(context.messages.list.map(({ text }) => text)).toEqual(['Imported 5 objects in 2 images'])
})

test('of several, none is imported unasked', async () => {
  inFolder = [found('a'), found('b')]
  await offer.look()
  expect([offer.only, offer.shown?.length]).toEqual([null, 2])
  await offer.take()
  expect(client.sent('project.import')).toEqual([])
})

test('labels that the project holds already are not offered', async () => {
  inFolder = [found('a')]
  outcome = () => result({ knownBoxes: 5 })
  await offer.look()
  expect(offer.shown).toBe(null)
})

test('labels that cannot be imported are named with the reason, and nothing is counted without names of classes', async () => {
  inFolder = [found('a')]
  outcome = () => {
    throw new CodedError('DATA_IMAGES_MISSING', 'None of its images is an image of this project')
  }
  await offer.look()
  expect(offer.refusal).toMatch(/None of its images/)
  expect(context.messages.list).toEqual([])
  inFolder = [found('b', { format: 'yolo', obstacle: 'nothing names their classes' })]
  await offer.look()
  expect([offer.refusal, offer.counted, offer.importable]).toEqual([null, null, []])
  expect(client.sent('project.import')).toHaveLength(1)
})

test('looks again after every scan, and declining tells the store what not to offer again', async () => {
  inFolder = [found('a'), found('b')]
  client.emit('job', { kind: 'project.scan', state: 'running' } as never)
  await idle()
  expect(client.sent('project.findLabels')).toEqual([])
  client.emit('job', { kind: 'project.scan', state: 'done' } as never)
  await idle()
  expect(offer.shown).toHaveLength(2)
  await offer.decline()
  expect(offer.shown).toBe(null)
  expect(client.sent('project.declineLabels')).toEqual([{ fingerprints: ['a', 'b'] }])
})

test('nothing is offered where nothing can be changed', async () => {
  inFolder = [found('a')]
  context.canEdit = false
  await offer.look()
  expect(client.calls).toEqual([])
})
