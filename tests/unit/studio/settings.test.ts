import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Settings } from '../../../src/main/studio/settings.ts'
import { scratch } from '../../support/scratch.ts'

test('two studios of one user keep what the other remembered meanwhile', async () => {
  const folder = await scratch()
  const [one, other] = [new Settings(folder), new Settings(folder)]
  one.set('models.used', { '/a': '/a/best.safetensors' })
  other.set('theme', 'dark')
  one.set('scale', 1)
  const all = { 'models.used': { '/a': '/a/best.safetensors' }, theme: 'dark', scale: 1 }
  expect(other.all()).toEqual(all)
  expect(new Settings(folder).all()).toEqual(all)
  other.set('theme', null)
  expect(one.get('theme')).toBeUndefined()
})

test('a file that was damaged meanwhile costs nothing that this studio knows', async () => {
  const folder = await scratch()
  const settings = new Settings(folder)
  settings.set('theme', 'dark')
  writeFileSync(join(folder, 'settings.json'), '{"theme": ')
  expect(settings.get('theme')).toBe('dark')
  settings.set('scale', 1)
  expect(new Settings(folder).all()).toEqual({ theme: 'dark', scale: 1 })
})
