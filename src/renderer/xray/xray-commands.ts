import { detectors } from '../../core/detectors/detectors.ts'
import type { Command } from '../commands/commands.svelte.ts'
import { exportPanels } from './export-panels.ts'
import type { SideBySide } from './side-by-side.svelte.ts'
import type { AnyView } from './views.ts'
import type { Xray } from './xray.svelte.ts'

/** Of all detectors, each name once. */
const allViews = () =>
  new Map(detectors().flatMap(({ views }) => views.map((view) => [view.name, view]))).values()

/** @param image the path of the open image */
export function xrayCommands(xray: Xray, sides: SideBySide, image: () => string): Command[] {
  const whileOn = (id: string, title: string, keys: string[], run: () => void): Command => ({
    id: `xray.${id}`,
    title,
    group: 'X-ray',
    keys,
    enabled: () => xray.on,
    run,
  })
  const whileSides = (id: string, title: string, can: () => boolean, run: Command['run']): Command => ({
    id: `xray.${id}`,
    title,
    group: 'X-ray',
    enabled: () => sides.on && can(),
    run,
  })
  const stepView = (by: 1 | -1): void => {
    const { views } = xray.detector
    const at = views.indexOf(xray.view) + by
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
        checked: () => xray.on && xray.view.name === name,
        run: () => xray.show({ on: true, view: name }),
      }),
    ),
    whileOn('coarserLevel', 'Next level', [']'], () => xray.stepLevel(1)),
    whileOn('finerLevel', 'Previous level', ['['], () => xray.stepLevel(-1)),
    whileOn('trainer', 'Show augmented training input', [], () => {
      xray.trainerShown = true
    }),
    whileOn('pin', 'Pin the location under the pointer', ['o'], () => sides.pin()),
    {
      ...whileOn('unpin', 'Remove all pins', ['Shift+o'], () => sides.unpinAll()),
      enabled: () => xray.pinned.length > 0,
    },
    {
      id: 'xray.sideBySide',
      title: 'Detectors side by side',
      group: 'X-ray',
      keys: ['Shift+s'],
      checked: () => sides.on,
      run: () => sides.show(!sides.on),
    },
    whileSides(
      'addPanel',
      'Add a detector',
      () => sides.canAdd,
      () => sides.add(),
    ),
    ...(['png', 'svg'] as const).map((format) =>
      whileSides(
        `export.${format}`,
        `Save the detectors as ${format.toUpperCase()}`,
        () => xray.targets !== null,
        () => exportPanels(image(), [xray, ...sides.panels], xray.explained, format),
      ),
    ),
  ]
}
