import { describe, expect, it } from 'vitest'
import { findBrowser } from '../../../src/main/setup/browser.ts'
import { cacheRoot } from '../../../src/main/setup/cache.ts'
import { parseCpuFlags, parseNvidiaSmi } from '../../../src/main/setup/probe.ts'
import { readModels } from '../../../src/main/setup/weights.ts'

describe('what the probe reads', () => {
  it("nvidia-smi's table", () => {
    const csv = 'NVIDIA H100 80GB HBM3, 81559, 550.54.15\nTesla T4, 15360, 550.54.15\n'
    expect(parseNvidiaSmi(csv)).toEqual([
      { name: 'NVIDIA H100 80GB HBM3', memoryMiB: 81_559, driver: '550.54.15' },
      { name: 'Tesla T4', memoryMiB: 15_360, driver: '550.54.15' },
    ])
    expect(parseNvidiaSmi('No devices were found')).toEqual([])
    expect(parseNvidiaSmi('Graphics Device, [N/A], 550.54.15')).toEqual([])
  })

  it("the CPU's flags, on x86 and on Arm", () => {
    expect(parseCpuFlags('processor\t: 0\nflags\t\t: fpu avx amx_bf16\nbugs\t: x\n')).toEqual([
      'fpu',
      'avx',
      'amx_bf16',
    ])
    expect(parseCpuFlags('Features\t: fp asimd bf16\n')).toEqual(['fp', 'asimd', 'bf16'])
    expect(parseCpuFlags('')).toBeNull()
  })
})

it("the cache lies where each system keeps a user's caches", () => {
  expect(cacheRoot({}, 'linux', '/home/a')).toBe('/home/a/.cache/fcos-studio')
  expect(cacheRoot({ XDG_CACHE_HOME: '/var/c' }, 'linux', '/home/a')).toBe('/var/c/fcos-studio')
  expect(cacheRoot({}, 'darwin', '/Users/a')).toBe('/Users/a/Library/Caches/fcos-studio')
  expect(cacheRoot({ FCOS_CACHE: '/big/disk' }, 'darwin', '/Users/a')).toBe('/big/disk')
})

it('a browser is looked for where it was named, then at Playwright, then in the system', () => {
  const at =
    (...files: string[]) =>
    (file: string) =>
      files.includes(file)
  const everywhere = at('/named', '/playwright', '/usr/bin/chromium')
  expect(findBrowser({ FCOS_CHROMIUM: '/named' }, everywhere, '/playwright')).toBe('/named')
  expect(findBrowser({}, everywhere, '/playwright')).toBe('/playwright')
  expect(findBrowser({}, at('/usr/bin/chromium'), '/playwright')).toBe('/usr/bin/chromium')
  expect(findBrowser({}, at(), '/playwright')).toBeNull()
})

it("the models' manifest is whole: several sources each, torch's file names agree with the hashes", () => {
  for (const { file, sha256, sources } of readModels()) {
    expect(sources.length).toBeGreaterThanOrEqual(2)
    expect(sha256.startsWith(/-([0-9a-f]{8})\.pth$/.exec(file)![1]!)).toBe(true)
  }
})
