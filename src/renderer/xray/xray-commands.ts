import { detectors } from '../../core/detectors/detectors.ts'
import type { Command } from '../commands/commands.svelte.ts'
import type { AnyView } from './views.ts'
import type { Xray } from './xray.svelte.ts'

/** Of all detectors, each name once. */
const allViews = () =>
  new Map(detectors().flatMap(({ views }) => views.map((view) => [view.name, view]))).values()

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
    const { views } = xray.detector
    const at = views.indexOf(xray.shown) + by
    xray.show({ view: views[(at + views.length) % views.length]!.name })
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
    ...Array.from(
      allViews(),
      ({ name, title, key }): Command => ({
        id: `xray.view.${name}`,
        title: `Show ${title}`,
        group: 'X-ray',
        keys: key ? [key] : [],
        enabled: () => xray.detector.views.some((one: AnyView) => one.name === name),
        checked: () => xray.on && xray.shown.name === name,
        run: () => xray.show({ on: true, view: name }),
      }),
    ),
    whileOn('coarserLevel', 'Next level', [']'], () => xray.stepLevel(1)),
    whileOn('finerLevel', 'Previous level', ['['], () => xray.stepLevel(-1)),
    whileOn('trainer', 'Show augmented training input', [], () => {
      xray.trainerShown = true
    }),
    whileOn('pin', 'Pin the location under the pointer', ['o'], () => xray.pin()),
    {
      ...whileOn('unpin', 'Remove all pins', ['Shift+o'], () => xray.unpinAll()),
      enabled: () => xray.pinned.length > 0,
    },
  ]
}
