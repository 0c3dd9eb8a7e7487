/**
 * The bridge between a page and the shell. It runs sandboxed, in an isolated world; the main process checks everything that
 * it passes on.
 */
import { contextBridge, ipcRenderer, webUtils } from 'electron'
import {
  DESKTOP_CHANNEL,
  type DesktopBridge,
  PORT_CHANNEL,
  PORT_MESSAGE,
} from '../core/contract/desktop-bridge.ts'

const bridge: DesktopBridge = {
  call: (method, params) => ipcRenderer.invoke(DESKTOP_CHANNEL, method, params),
  listen: (listener) => {
    ipcRenderer.on(DESKTOP_CHANNEL, (_event, message) => listener(message))
  },
  pathForFile: (file) => webUtils.getPathForFile(file),
}

contextBridge.exposeInMainWorld('desktop', bridge)

// Ports cannot cross the bridge, but window messages carry them.
ipcRenderer.on(PORT_CHANNEL, ({ ports }) => window.postMessage(PORT_MESSAGE, location.origin, ports))
