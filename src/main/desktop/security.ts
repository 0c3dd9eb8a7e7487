/** Restricts what pages may do, whatever they contain. The numbers refer to Electron's security checklist. */
import { app, type Session, shell, type WebContents } from 'electron'
import { isOurs } from './origin.ts'

const COPY_TEXT = 'clipboard-sanitized-write'

/** Applies to all future windows. Call it when the app is ready. */
export function secure(session: Session): void {
  // 5: our pages do not use the camera, location, notifications or the like. They only write text to the clipboard.
  session.setPermissionRequestHandler((_contents, permission, decide) => decide(permission === COPY_TEXT))
  session.setPermissionCheckHandler((_contents, permission) => permission === COPY_TEXT)
  session.setDevicePermissionHandler(() => false)
  app.on('web-contents-created', (_event, contents) => limit(contents))
}

function limit(contents: WebContents): void {
  // 12
  contents.on('will-attach-webview', (event) => event.preventDefault())
  // 13: pages navigate only within their own origin. A redirect is a navigation too.
  const stay = (event: { readonly url: string; preventDefault(): void }): void => {
    if (isOurs(event.url)) return
    event.preventDefault()
    console.warn(`Refused to navigate to ${event.url}`)
  }
  contents.on('will-frame-navigate', stay)
  contents.on('will-redirect', stay)
  // 14 and 15: links that ask for a new window open in the user's browser, and only if they are web links.
  contents.setWindowOpenHandler(({ url }) => {
    if (URL.parse(url)?.protocol === 'https:')
      shell.openExternal(url).catch((error) => console.error(`${url} was not opened: ${error}`))
    else console.warn(`Refused to open ${url}`)
    return { action: 'deny' }
  })
}
