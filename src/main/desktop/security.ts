/** What pages may not do, whatever they contain; numbers are those of Electron's security checklist. */
import { app, type Session, shell, type WebContents } from 'electron'
import { isOurs } from './origin.ts'

const COPY_TEXT = 'clipboard-sanitized-write'

/** For all windows there will be. Call it when the app is ready. */
export function secure(session: Session): void {
  // 5: no page of ours uses a camera, the place, notifications or the like. Writing text to the clipboard is all there is.
  session.setPermissionRequestHandler((_contents, permission, decide) => decide(permission === COPY_TEXT))
  session.setPermissionCheckHandler((_contents, permission) => permission === COPY_TEXT)
  session.setDevicePermissionHandler(() => false)
  app.on('web-contents-created', (_event, contents) => limit(contents))
}

function limit(contents: WebContents): void {
  // 12
  contents.on('will-attach-webview', (event) => event.preventDefault())
  // 13: pages move within their own origin. A redirect is a navigation too.
  const stay = (event: { readonly url: string; preventDefault(): void }): void => {
    if (isOurs(event.url)) return
    event.preventDefault()
    console.warn(`Refused to go to ${event.url}`)
  }
  contents.on('will-frame-navigate', stay)
  contents.on('will-redirect', stay)
  // 14 and 15: links that want a new window open in the user's browser, and only those of the web.
  contents.setWindowOpenHandler(({ url }) => {
    if (URL.parse(url)?.protocol === 'https:')
      shell.openExternal(url).catch((error) => console.error(`${url} was not opened: ${error}`))
    else console.warn(`Refused to open ${url}`)
    return { action: 'deny' }
  })
}
