/**
 * Electron's main-process API for tests on machines that cannot have its binary: the built main bundle runs under Node, its
 * windows are pages of a real Chromium, and its preload script runs there in a world of its own. It has what the bundle
 * uses, and is strict where Electron is: requests to the scheme go to the handler, navigations and permissions are asked
 * for, ports are transferred, an unknown preload module throws.
 */
export { app } from './app.ts'
export { BrowserWindow } from './browser-window.ts'
export { ipcMain, MessageChannelMain } from './ipc.ts'
export { Menu } from './menu.ts'
export { net, protocol } from './protocol.ts'
export { session } from './session.ts'
export { dialog, screen, shell } from './system.ts'
