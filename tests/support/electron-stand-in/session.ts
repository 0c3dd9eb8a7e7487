/** Permissions: the program is asked for each kind, and Chromium told of its answer before there is a page. */
import type { Page } from 'playwright'

type RequestHandler = (contents: null, permission: string, decide: (granted: boolean) => void) => void

/** Electron's names and Chromium's. */
const KINDS = {
  geolocation: 'geolocation',
  notifications: 'notifications',
  midi: 'midi',
  media: 'camera',
}

class Session {
  #request: RequestHandler | null = null

  setPermissionRequestHandler(handler: RequestHandler | null): void {
    this.#request = handler
  }

  /** Chromium is told once, by what the request handler answers. */
  setPermissionCheckHandler(): void {}

  setDevicePermissionHandler(): void {}

  /** Without a handler Electron grants everything. What Chromium is told holds while the session does: it stays open. */
  async applyPermissions(page: Page): Promise<void> {
    const protocol = await page.context().newCDPSession(page)
    for (const [electrons, chromiums] of Object.entries(KINDS)) {
      const granted = await new Promise<boolean>((decide) => {
        if (this.#request) this.#request(null, electrons, decide)
        else decide(true)
      })
      const setting = granted ? 'granted' : 'denied'
      await protocol.send('Browser.setPermission', { permission: { name: chromiums }, setting })
    }
  }
}

export const session = { defaultSession: new Session() }
