/** From the key to the next image's sharp picture. */
import type { Page } from 'playwright'

const inPage = `async () => {
  const canvas = document.querySelector('[role="application"]')
  const before = canvas.getAttribute('aria-label')
  const start = performance.now()
  canvas.dispatchEvent(new KeyboardEvent('keydown', { key: 'd', code: 'KeyD', bubbles: true }))
  const frame = () => new Promise(requestAnimationFrame)
  while (canvas.getAttribute('aria-label') === before) await frame()
  // The canvas says in its next frame how far the new picture is.
  await frame()
  while (canvas.dataset.picture !== 'sharp') await frame()
  return performance.now() - start
}`

/** Presses the key; milliseconds by the page's clock until the frame that has the picture sharp. */
export const timeToNextImage = async (page: Page): Promise<number> =>
  Number(await page.evaluate(`(${inPage})()`))
