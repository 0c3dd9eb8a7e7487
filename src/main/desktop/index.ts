/** The studio as a desktop program: one process, one host of the studio, one window. */
import { app, dialog, session } from 'electron'
import type { ProjectSummary } from '../../core/contract/studio/project.ts'
import { describe, toWire } from '../../core/errors.ts'
import { createHost } from '../studio/api/create-host.ts'
import { readPages } from '../studio/api/pages.ts'
import { ApplicationMenu } from './application-menu.ts'
import { answerPages } from './bridge.ts'
import { CRASH_PAGE, crashPages } from './crash-page.ts'
import { setUpEngine } from './engine-setup.ts'
import { desktopHandlers } from './handlers.ts'
import { keepLog, type Log } from './log.ts'
import { isFirstInstance, ownArguments, pathOfArguments } from './opening.ts'
import { registerScheme, servePages } from './pages.ts'
import { cachedPictures, PRELOAD, programPlaces, RENDERER } from './places.ts'
import { secure } from './security.ts'
import { StudioWindow } from './studio-window.ts'

app.enableSandbox()
registerScheme()

const asked = pathOfArguments(ownArguments(), process.cwd())
/** Brings the window to the front and opens a path in it; replaced once there is a window. */
let show = (file: string | null): void => {
  if (file !== null) early = file
}
let early = asked

if (isFirstInstance(asked, (file) => show(file))) {
  const log = keepLog(app.getPath('logs'))
  const fail = (error: unknown): void => {
    console.error(error)
    dialog.showErrorBox(
      'FCOS Studio must close',
      `${error}\n\nEvery finished change is saved. The log: ${log.file}`,
    )
    app.exit(1)
  }
  process.on('uncaughtException', fail)
  process.on('unhandledRejection', (reason) => console.error('Nobody caught:', reason))
  app
    .whenReady()
    .then(() => start(log))
    .catch(fail)
} else {
  app.quit()
}

function start(log: Log): void {
  const places = programPlaces()
  let whyNoEngine: string | undefined =
    'The engine is being set up: until then nothing is trained or detected'
  const host = createHost({
    ...{ shell: 'desktop', ...places, cacheFolder: cachedPictures() },
    whyNoEngine: () => whyNoEngine,
  })
  const { version, engine: runtime } = host.options.info()
  console.info(`FCOS Studio ${version}. ${runtime.title}`)
  app.setAboutPanelOptions({ applicationVersion: version, credits: runtime.title })
  setUpEngine(places)
    .then(() => {
      whyNoEngine = undefined
    })
    .catch((error) => {
      console.error(error)
      whyNoEngine = describe(toWire(error))
    })
    .then(() => {
      app.setAboutPanelOptions({ applicationVersion: version, credits: host.options.info().engine.title })
      host.engineChanged()
    })

  const pages = new Map(readPages(RENDERER))
  secure(session.defaultSession)
  servePages(host, pages)

  let window: StudioWindow | undefined
  const openWindow = (): StudioWindow => {
    const opened = new StudioWindow({
      host,
      preload: PRELOAD,
      onCrash: (reason, exitCode) => {
        const crash = crashPages({ reason, exitCode, logFile: log.file, log: log.tail() })
        for (const [name, page] of crash) pages.set(name, page)
        return CRASH_PAGE
      },
    })
    opened.browserWindow.on('closed', () => {
      window = undefined
    })
    return opened
  }
  show = (file) => {
    if (window) window.focus()
    else window = openWindow()
    if (file !== null) window.send({ open: file })
  }

  const recent = (): string[] => host.recent.list().map((project) => project.path)
  const menu = new ApplicationMenu(recent, {
    run: (id) => window?.send({ run: id }),
    open: (file) => show(file),
  })
  answerPages(() => window, desktopHandlers(host, menu))
  let shown: string | null = null
  host.subscribe((event, data) => {
    const file = event === 'project' ? ((data as ProjectSummary | null)?.path ?? null) : shown
    if (file === shown) return
    shown = file
    window?.browserWindow.setRepresentedFilename(file ?? '')
    if (file !== null) app.addRecentDocument(file)
    menu.rebuild()
  })

  app.on('activate', () => show(null))
  app.on('window-all-closed', () => {
    if (process.platform !== 'darwin') app.quit()
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => app.quit())
  let closed = false
  app.on('will-quit', (event) => {
    if (closed) return
    event.preventDefault()
    void host.close().finally(() => {
      closed = true
      app.quit()
    })
  })
  app.on('child-process-gone', (_event, { type, reason }) =>
    console.error(`A process has ended: ${type}, ${reason}`),
  )
  show(early)
}
