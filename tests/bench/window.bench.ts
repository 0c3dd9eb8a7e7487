/**
 * The whole studio in a real browser on a project of 100,000 images with 1,000,000 boxes, and on pictures of 12 megapixels.
 * Prints one JSON line, times in milliseconds: node tests/bench/window.bench.ts [switches, by default 2000]
 *
 * opening: from the click on the recent project to the first picture drawn sharp.
 * blank: the longest time for which the list showed a row without its name while it was scrolled through.
 * next: from the key to the sharp picture, 12 megapixels, neighbours decoded ahead.
 * memory: MB that the browser's processes hold after every 250 switches. It rises until the cache of decoded pictures is full.
 */
import { linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createProject, PROJECT_FILE } from '../../src/main/studio/project/index.ts'
import { photo } from '../support/canvas/browser.ts'
import { timeToNextImage } from '../support/canvas/next-image.ts'
import { launchBrowser, startWindow } from '../support/window.ts'

const IMAGES = 100_000
const BOXES_PER_IMAGE = 10
const SOURCES = 20
const PHOTOS = 8
const DRAWN = 50
const switches = Number(process.argv[2] ?? 2000)

/** In the page: scrolls for five seconds and looks at every frame for a row that says nothing. */
const scrollThrough = `async () => {
  const list = document.querySelector('.image-list')
  let blankSince, longest = 0
  const end = performance.now() + 5000
  while (performance.now() < end) {
    list.scrollTop += 120
    await new Promise(requestAnimationFrame)
    const { top, bottom } = list.getBoundingClientRect()
    const rows = [...list.querySelectorAll('button')].map((row) => [row, row.getBoundingClientRect()])
    const covered = rows.length > 0 && rows[0][1].top <= top && rows.at(-1)[1].bottom >= bottom
    const inView = rows.filter(([, place]) => place.bottom > top && place.top < bottom)
    const blank = !covered || inView.some(([row]) => !row.querySelector('.name').textContent)
    const now = performance.now()
    if (!blank) blankSince = undefined
    else longest = Math.max(longest, now - (blankSince ??= now))
  }
  return longest
}`

const folder = mkdtempSync(join(tmpdir(), 'fcos-window-'))
const browser = await launchBrowser()
try {
  const large = await largeProject(join(folder, 'large'))
  const photos = await photoProject(join(folder, 'photos'))
  const figures = {
    ...(await inLargeProject(large)),
    ...(await withPhotos(photos)),
  }
  console.log(JSON.stringify(figures))
} finally {
  await browser.close()
  rmSync(folder, { recursive: true, force: true })
}

/** Every image is a file; its row says what a scan would have found out. */
async function largeProject(root: string): Promise<string> {
  mkdirSync(root, { recursive: true })
  const sources = await Promise.all(Array.from({ length: SOURCES }, (_, seed) => photo(640, 480, seed)))
  const project = await createProject(root)
  const insert = `INSERT INTO image (path, name_key, bytes, modified, width, height) VALUES (?, ?, ?, ?, 640, 480)`
  for (const [i, bytes] of sources.entries()) writeFileSync(join(root, `.source-${i}`), bytes)
  project.database.transaction(() => {
    for (let i = 0; i < IMAGES; i++) {
      const day = `day ${String(i % 100).padStart(2, '0')}`
      const path = `${day}/IMG_${String(i).padStart(6, '0')}.jpg`
      if (i < 100) mkdirSync(join(root, day))
      linkSync(join(root, `.source-${i % SOURCES}`), join(root, path))
      const { size, mtimeMs } = statSync(join(root, path))
      project.database.run(insert, path, path.toLowerCase(), size, mtimeMs)
    }
  })
  const classId = project.classes.add('thing')
  project.close()
  // Past the history: undoing a million boxes is not what is measured here.
  const database = new DatabaseSync(join(root, PROJECT_FILE))
  database
    .prepare(
      `WITH RECURSIVE n(value) AS (VALUES (1) UNION ALL SELECT value + 1 FROM n WHERE value < ?)
       INSERT INTO annotation (image_id, class_id, x1, y1, x2, y2, source)
       SELECT image.id, ?, 10 * value, 20 * value, 10 * value + 90, 20 * value + 60, 'imported' FROM image, n`,
    )
    .run(BOXES_PER_IMAGE, classId)
  database.close()
  return root
}

async function photoProject(root: string): Promise<string> {
  mkdirSync(root, { recursive: true })
  for (let i = 0; i < PHOTOS; i++) writeFileSync(join(root, `${i}.jpg`), await photo(4000, 3000, i))
  return root
}

async function inLargeProject(root: string) {
  const window = await startWindow(browser, join(folder, 'a'), { project: null })
  const { page, host } = window
  host.recent.add(root)
  await page.reload()
  const start = performance.now()
  await page.getByTitle(root).click()
  await page.locator('[data-picture="sharp"]').waitFor()
  const opening = performance.now() - start

  const blank = await page.evaluate(`(${scrollThrough})()`)

  await window.press('r')
  const before = (await window.stored()).length
  const keys = performance.now()
  for (let i = 0; i < DRAWN; i++) {
    await page.keyboard.press('1')
    await window.drag([20 + i, 20 + i], [120 + 4 * i, 100 + 3 * i])
  }
  const drawn = (await window.stored()).length - before
  const drawing = performance.now() - keys
  for (let i = 0; i < DRAWN; i++) await page.keyboard.press('Control+z')
  console.error({ drawn, opening, blank })
  const undone = before + drawn - (await window.stored()).length
  await window.close()
  return { opening, blank, drawn, undone, drawing }
}

async function withPhotos(root: string) {
  const window = await startWindow(browser, join(folder, 'b'), { project: root })
  const { page } = window
  await page.getByRole('heading', { name: `${PHOTOS} images` }).waitFor()
  await page.locator('[data-picture="sharp"]').waitFor()
  const times: number[] = []
  for (let i = 1; i < PHOTOS; i++) {
    // As long as somebody looks at an image who goes through them quickly.
    await page.waitForTimeout(1500)
    times.push(await timeToNextImage(page))
  }
  const memory: number[] = []
  for (let i = 0; i < switches; i++) {
    await page.keyboard.press(Math.floor(i / (PHOTOS - 1)) % 2 === 0 ? 'a' : 'd')
    await page.waitForTimeout(20)
    if (i % 250 === 0) memory.push(Math.round(await megabytes()))
  }
  await window.close()
  return {
    next: times.toSorted((a, b) => a - b),
    memory,
  }
}

/** Resident memory of this browser's processes. */
async function megabytes(): Promise<number> {
  const session = await browser.newBrowserCDPSession()
  const { processInfo } = await session.send('SystemInfo.getProcessInfo')
  await session.detach()
  const resident = processInfo.map(
    ({ id }) => /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${id}/status`, 'utf8'))?.[1],
  )
  return resident.reduce((sum, kib) => sum + Number(kib) / 1024, 0)
}
