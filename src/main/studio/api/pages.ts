/** The built window, held in memory: a request can name one of these files or nothing, and the file system is out of reach. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

export interface Page {
  readonly body: Buffer
  readonly headers: Readonly<Record<string, string>>
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
}

/**
 * Headers of every answer, page or asset. Whichever shell serves them, pages may run their own code and talk to the studio,
 * and nothing else.
 */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' blob: data:",
    "font-src 'self'",
    // Of a page from http://127.0.0.1:port this covers ws://127.0.0.1:port as well (CSP 3).
    "connect-src 'self'",
    "worker-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "form-action 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
}

/** All files of a folder by the path of their URL; `/` is index.html. */
export function readPages(folder: string): ReadonlyMap<string, Page> {
  const pages = new Map<string, Page>()
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const file = path.join(entry.parentPath, entry.name)
    const url = `/${path.relative(folder, file).split(path.sep).join('/')}`
    const body = readFileSync(file)
    pages.set(url === '/index.html' ? '/' : url, {
      body,
      headers: {
        'content-type': TYPES[path.extname(entry.name)] ?? 'application/octet-stream',
        etag: `"${createHash('sha256').update(body).digest('base64url')}"`,
        // Vite puts a hash of the content into the names below assets/.
        'cache-control': url.startsWith('/assets/') ? 'private, max-age=31536000, immutable' : 'no-cache',
      },
    })
  }
  return pages
}
