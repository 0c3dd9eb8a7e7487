import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { z } from 'zod'
import type { StudioClient } from '../../../../src/core/contract/wire.ts'
import { WindowSettings } from '../../../../src/renderer/session/window-settings.svelte.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const Places = z.record(z.string(), z.string())

function studio() {
  const stored: Record<string, z.core.util.JSONType> = { places: { old: 'train' } }
  const client = {
    call: async (method: string, params: { key: string; value: z.core.util.JSONType }) => {
      if (method === 'settings.all') return { ...stored }
      stored[params.key] = params.value
    },
  } as unknown as StudioClient
  return { stored, client, open: () => new WindowSettings(client, { ...stored }) }
}

test('two windows write entries of one record, and neither loses that of the other', async () => {
  const { stored, open } = studio()
  const [one, other] = [open(), open()]
  one.setEntry('places', Places, 'a', 'annotate', 50)
  expect(one.get('places', Places, {})).toMatchObject({ a: 'annotate' })
  await vi.runAllTimersAsync()
  other.setEntry('places', Places, 'b', 'report', 50)
  other.setEntry('places', Places, 'c', 'export', 50)
  other.setEntry('places', Places, 'b', 'train', 50)
  await vi.runAllTimersAsync()
  expect(stored.places).toEqual({ old: 'train', a: 'annotate', b: 'train', c: 'export' })
})

test('a record keeps its latest entries', async () => {
  const { stored, open } = studio()
  const settings = open()
  settings.setEntry('places', Places, 'a', '1', 2)
  await vi.runAllTimersAsync()
  settings.setEntry('places', Places, 'b', '2', 2)
  await vi.runAllTimersAsync()
  settings.setEntry('places', Places, 'a', '3', 2)
  await vi.runAllTimersAsync()
  expect(Object.entries(stored.places!)).toEqual([
    ['b', '2'],
    ['a', '3'],
  ])
})
