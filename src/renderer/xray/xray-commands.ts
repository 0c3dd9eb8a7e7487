import type { Command } from '../commands/commands.svelte.ts'
import { VIEW_INFO, XRAY_VIEWS, type XrayView } from './views.ts'
import type { Xray } from './xray.svelte.ts'

const SIDE_KEYS: Partial<Record<XrayView, string>> = {
  left: 'Shift+Alt+ArrowLeft',
  top: 'Shift+Alt+ArrowUp',
  right: 'Shift+Alt+ArrowRight',
  bottom: 'Shift+Alt+ArrowDown',
}

export function xrayCommands(xray: Xray): Command[] {
  const whileOn = (id: string, title: string, keys: string[], run: () => void): Command => ({
    id: `xray.${id}`,
    title,
    group: 'X-ray',
    keys,
    enabled: () => xray.on,
    run,
  })
  const stepView = (by: 1 | -1): void => {
    const at = XRAY_VIEWS.indexOf(xray.view) + by
    xray.show({ view: XRAY_VIEWS[(at + XRAY_VIEWS.length) % XRAY_VIEWS.length]! })
  }
  return [
    {
      id: 'xray.toggle',
      title: 'X-ray: what the model would learn',
      group: 'X-ray',
      keys: ['x'],
      checked: () => xray.on,
      run: () => xray.show({ on: !xray.on }),
    },
    whileOn('nextView', 'Next view', ['Shift+x'], () => stepView(1)),
    whileOn('previousView', 'Previous view', [], () => stepView(-1)),
    ...XRAY_VIEWS.map(
      (view): Command => ({
        id: `xray.view.${view}`,
        title: `Show ${VIEW_INFO[view].title}`,
        group: 'X-ray',
        keys: SIDE_KEYS[view] ? [SIDE_KEYS[view]] : [],
        checked: () => xray.on && xray.view === view,
        run: () => xray.show({ on: true, view }),
      }),
    ),
    whileOn('coarserLevel', 'Next level', [']'], () => xray.stepLevel(1)),
    whileOn('finerLevel', 'Previous level', ['['], () => xray.stepLevel(-1)),
    whileOn('trainer', 'Show the image as the trainer sees it', [], () => {
      xray.trainerShown = true
    }),
    whileOn('pin', 'Pin the location under the pointer', ['p'], () => xray.pin()),
    {
      ...whileOn('unpin', 'Take all pins away', ['Shift+p'], () => xray.unpinAll()),
      enabled: () => xray.pinned.length > 0,
    },
  ]
}
