/**
 * Pictures of 12 and of 500 megapixels as a window asks for them. Prints one JSON line:
 * node tests/bench/assets.bench.ts
 *
 * The large ones need 8 GB below the temporary folder. Memory is the most that this process, and the one that makes the
 * tiles, ever had (Linux only); milliseconds of tiles are the median and the worst of 60.
 */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp, { type Sharp } from 'sharp'
import { ImageAssets } from '../../src/main/studio/assets/image-assets.ts'

/** Given by the process that measures, so that its own memory is not that of making the large files. */
const given = process.argv[2]
const folder = given ?? (await mkdtemp(join(tmpdir(), 'fcos-assets-')))
const files: string[] = []
let makerMemory = 0

const assets = new ImageAssets({
  cache: join(folder, 'cache'),
  fileOf: (id) => files[id - 1]!,
  onTiles: () => {
    makerMemory = Math.max(makerMemory, ...children().map(peakOf))
  },
})

const children = (): string[] =>
  readdirSync('/proc/self/task').flatMap((thread) =>
    readFileSync(`/proc/self/task/${thread}/children`, 'utf8').trim().split(' ').filter(Boolean),
  )

/** MB */
function peakOf(pid: string): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1000
  } catch {
    return 0
  }
}

async function get(address: string): Promise<number> {
  const [path, query] = address.split('?')
  const start = performance.now()
  const response = await assets.respond(path!, new URLSearchParams(query))
  if (response.status !== 200) throw new Error(`${address}: ${response.body}`)
  return Math.round(performance.now() - start)
}

const photo = await sharp({
  create: {
    width: 5000,
    height: 4000,
    channels: 3,
    background: '#888',
    noise: { type: 'gaussian', mean: 128, sigma: 40 },
  },
})
  .blur(1.5)
  .raw()
  .toBuffer()
const small = (): Sharp =>
  sharp(photo, { raw: { width: 5000, height: 4000, channels: 3 } }).extract({
    left: 0,
    top: 0,
    width: 4000,
    height: 3000,
  })

/** 500 megapixels as JPEG and TIFF. */
async function makeLarge(): Promise<void> {
  const large = join(folder, 'large.jpg')
  await sharp({
    create: { width: 25_000, height: 20_000, channels: 3, background: '#888' },
    limitInputPixels: false,
  })
    .composite([{ input: photo, raw: { width: 5000, height: 4000, channels: 3 }, tile: true }])
    .jpeg({ quality: 90 })
    .withMetadata({ orientation: 6 })
    .toFile(large)
  await sharp(large, { limitInputPixels: false })
    .tiff({ compression: 'none' })
    .toFile(join(folder, 'large.tif'))
}

async function measureWhole(name: string, image: Sharp): Promise<object> {
  files.push(join(folder, name))
  await image.toFile(files.at(-1)!)
  const id = files.length
  const times = { info: await get(`/asset/image/${id}/info`), whole: await get(`/asset/image/${id}/whole`) }
  const window = name.includes('16')
    ? { anotherWindow: await get(`/asset/image/${id}/whole?low=9&high=60000`) }
    : {}
  return { ...times, ...window, thumbnail: await get(`/asset/thumbnail/${id}`) }
}

async function measureTiled(name: string): Promise<object> {
  files.push(join(folder, name))
  const id = files.length
  makerMemory = 0
  const thumbnail = await get(`/asset/thumbnail/${id}`)
  const firstTile = await get(`/asset/image/${id}/tile/0/0/0`)
  const tiles: number[] = []
  for (let i = 0; i < 60; i++)
    tiles.push(await get(`/asset/image/${id}/tile/${i % 3}/${(i * 7) % 9}/${(i * 5) % 9}`))
  tiles.sort((a, b) => a - b)
  await rm(join(folder, 'cache'), { recursive: true })
  return { thumbnail, firstTile, tile: [tiles[30], tiles[59]], makerMB: Math.round(makerMemory) }
}

if (given !== undefined) {
  await makeLarge()
  process.exit()
}

try {
  const whole = {
    jpeg: await measureWhole('12.jpg', small().jpeg()),
    turnedPng: await measureWhole('12.png', small().png().withMetadata({ orientation: 6 })),
    tiff: await measureWhole('12.tif', small().tiff({ compression: 'lzw' })),
    deepTiff: await measureWhole('16.tif', small().toColourspace('rgb16').tiff({ compression: 'none' })),
    deepGreyPng: await measureWhole('16.png', small().greyscale().toColourspace('grey16').png()),
  }
  execFileSync(process.execPath, [fileURLToPath(import.meta.url), folder])
  const before = Math.round(process.resourceUsage().maxRSS / 1000)
  const tiled = { jpeg: await measureTiled('large.jpg'), tiff: await measureTiled('large.tif') }
  const memory = { beforeMB: before, afterMB: Math.round(process.resourceUsage().maxRSS / 1000) }
  console.log(JSON.stringify({ milliseconds: { whole, tiled }, memory }))
} finally {
  await rm(folder, { recursive: true })
}
