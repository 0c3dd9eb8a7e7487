/**
 * The page that a window shows after its renderer has crashed. It needs no script, bridge or file of the built window, so
 * that the cause of the crash cannot affect it.
 */
import type { Page } from '../studio/api/pages.ts'

export const CRASH_PAGE = '/crash.html'
const STYLE = '/crash.css'

export interface Crash {
  /** Electron's reason: `crashed`, `oom`, … */
  readonly reason: string
  readonly exitCode: number
  readonly logFile: string
  readonly log: string
}

export function crashPages({ reason, exitCode, logFile, log }: Crash): [path: string, page: Page][] {
  const happened =
    reason === 'oom'
      ? 'It ran out of memory.'
      : `Its process ended (${escapeHtml(reason)}, status ${exitCode}).`
  const html = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>The window stopped – FCOS Studio</title>
    <link rel="stylesheet" href="${STYLE}">
  </head>
  <body>
    <main>
      <h1>The window stopped</h1>
      <p>${happened}</p>
      <p>Every finished change is saved. Running jobs continue. At most, an unfinished drag was lost.</p>
      <p><a class="button" href="/" autofocus>Reload the window</a></p>
      <details>
        <summary>Show log</summary>
        <p>${escapeHtml(logFile)}</p>
        <pre tabindex="0">${escapeHtml(log)}</pre>
      </details>
    </main>
  </body>
</html>
`
  return [
    [CRASH_PAGE, page('text/html', html)],
    [STYLE, page('text/css', CSS)],
  ]
}

const page = (type: string, text: string): Page => ({
  body: Buffer.from(text),
  headers: { 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-store' },
})

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escapeHtml = (text: string): string => text.replaceAll(/[&<>"]/g, (character) => ENTITIES[character]!)

const CSS = `:root { color-scheme: dark light; }
body { margin: 0; font: 14px/1.5 system-ui, sans-serif; background: light-dark(#f6f7f8, #16181c); color: light-dark(#1c1f24, #e9ebee); }
main { max-width: 44rem; margin: 15vh auto 0; padding: 0 24px; }
h1 { font-size: 20px; font-weight: 600; }
.button { display: inline-block; padding: 6px 16px; border-radius: 6px; background: #1f6feb; color: #fff; text-decoration: none; }
.button:focus-visible { outline: 2px solid currentColor; outline-offset: 2px; }
summary { cursor: pointer; }
pre { overflow: auto; max-height: 40vh; font-size: 12px; user-select: text; }
`
