import { expect, test } from 'vitest'
import { dataFolder } from '../../../../src/main/studio/api/data-folder.ts'

test.each([
  ['linux', {}, '/home/ann/.local/share/fcos-studio'],
  ['linux', { XDG_DATA_HOME: '/data' }, '/data/fcos-studio'],
  ['linux', { XDG_DATA_HOME: '' }, '/home/ann/.local/share/fcos-studio'],
  ['darwin', { XDG_DATA_HOME: '/data' }, '/home/ann/Library/Application Support/fcos-studio'],
  ['win32', { APPDATA: '/roaming' }, '/roaming/fcos-studio'],
  ['linux', { FCOS_HOME: '/elsewhere', XDG_DATA_HOME: '/data' }, '/elsewhere'],
] as const)('on %s with %j', (platform, env, folder) => {
  expect(dataFolder(env, platform, '/home/ann')).toBe(folder)
})
