/** Chromium with the canvas's page in it: the page is bundled in memory, pictures are drawn by the server as asked for. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { chromium, type Page } from 'playwright'
import sharp from 'sharp'
import { build, type Rolldown } from 'vite'
import { findBrowser } from '../../../src/main/setup/browser.ts'

const HTML = `<!doctype html><html><head><meta charset="utf-8"><style>
html, body { margin: 0; height: 100% } #canvas { position: absolute; inset: 0; outline: none }
#minimap { position: absolute; right: 12px; bottom: 12px; width: 180px; height: 120px }
</style></head><body><div id="canvas" tabindex="0"></div><script type="module" src="/page.js"></script></body></html>`

/** The page and its worker, by file name. */
async function bundlePage(): Promise<ReadonlyMap<string, string | Uint8Array>> {
  const built = (await build({
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      target: 'es2024',
      modulePreload: { polyfill: false },
      rolldownOptions: {
        input: `${import.meta.dirname}/page.ts`,
        output: { entryFileNames: 'page.js' },
      },
    },
  })) as Rolldown.RolldownOutput
  return new Map(built.output.map((file) => [file.fileName, file.type === 'chunk' ? file.code : file.source]))
}

/** What /asset/… answers: the bytes of a picture, or an object as JSON; undefined is not found. */
export type Assets = (path: string) => Promise<Buffer | object | undefined> | Buffer | object | undefined

export interface CanvasPage extends AsyncDisposable {
  readonly page: Page
  /** Errors that nobody caught in the page. */
  readonly faults: readonly string[]
}

export interface PageOptions {
  readonly viewport?: { readonly width: number; readonly height: number }
  readonly deviceScaleFactor?: number
  readonly assets: Assets
}

export async function openCanvasPage({
  viewport,
  deviceScaleFactor,
  assets,
}: PageOptions): Promise<CanvasPage> {
  const files = await bundlePage()
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url!, 'http://canvas')
    if (pathname === '/') return response.setHeader('content-type', 'text/html').end(HTML)
    const file = files.get(pathname.slice(1))
    if (file) return response.setHeader('content-type', 'text/javascript').end(file)
    const asset = pathname.startsWith('/asset/') ? await assets(pathname) : undefined
    if (asset === undefined) return response.writeHead(404).end()
    response.end(asset instanceof Buffer ? asset : JSON.stringify(asset))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const executablePath = findBrowser()
  if (executablePath === null) throw new Error('This needs a Chromium: see src/main/setup/browser.ts')
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
  const page = await browser.newPage({
    viewport: viewport ?? { width: 1440, height: 900 },
    deviceScaleFactor: deviceScaleFactor ?? 1,
  })
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(String(error)))
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  await page.waitForFunction(() => 'page' in globalThis)
  return {
    page,
    faults,
    async [Symbol.asyncDispose]() {
      await browser.close()
      server.close()
    },
  }
}

/** A picture with detail everywhere, as a photo has, different for each seed. */
export async function photo(width: number, height: number, seed: number): Promise<Buffer> {
  const noise = await sharp({
    create: {
      width: width >> 2,
      height: height >> 2,
      channels: 3,
      background: '#000',
      noise: { type: 'gaussian', mean: 120, sigma: 30 },
    },
  })
    .blur(2)
    .tint({ r: 90 + ((seed * 53) % 120), g: 140, b: 200 - ((seed * 31) % 100) })
    .png()
    .toBuffer()
  return sharp(noise).resize(width, height, { fit: 'fill', kernel: 'cubic' }).jpeg({ quality: 85 }).toBuffer()
}
