/** Commands that are there whenever the window is. */
import type { Command } from '../commands/commands.svelte.ts'
import { PLACES, type Place, type Studio } from '../session/studio.svelte.ts'
import { THEMES, themeOf } from './theme.svelte.ts'

export const PLACE_TITLES: Readonly<Record<Place, string>> = {
  annotate: 'Annotate',
  report: 'Report',
  train: 'Train',
  evaluate: 'Evaluate',
  export: 'Export',
}

export function appCommands(studio: Studio): Command[] {
  const hasProject = (): boolean => studio.project !== null
  const { client } = studio
  return [
    {
      id: 'project.openSample',
      title: 'Open the sample',
      group: 'File',
      run: () => void studio.attempt(client.call('project.openSample', {})),
    },
    {
      id: 'project.scan',
      title: 'Look for new images',
      group: 'File',
      keys: ['F5'],
      enabled: () => studio.canEdit,
      run: () => void studio.attempt(client.call('project.scan', {})),
    },
    {
      id: 'project.close',
      title: 'Close project',
      group: 'File',
      enabled: hasProject,
      run: () => void studio.attempt(client.call('project.close', {})),
    },
    {
      id: 'edit.undo',
      title: 'Undo',
      group: 'Edit',
      keys: ['$mod+z'],
      enabled: () => studio.canEdit && studio.project?.undo != null,
      run: () => studio.undo(),
    },
    {
      id: 'edit.redo',
      title: 'Redo',
      group: 'Edit',
      keys: ['$mod+Shift+z', '$mod+y'],
      enabled: () => studio.canEdit && studio.project?.redo != null,
      run: () => studio.redo(),
    },
    {
      id: 'view.theme',
      title: 'Next theme: dark, light, system',
      group: 'View',
      run: () => {
        const next = THEMES[(THEMES.indexOf(themeOf(studio.settings)) + 1) % THEMES.length]!
        studio.settings.set('theme', next)
      },
    },
    ...PLACES.map(
      (place, i): Command => ({
        id: `go.${place}`,
        title: PLACE_TITLES[place],
        group: 'Go',
        keys: [`Alt+${i + 1}`],
        enabled: hasProject,
        checked: () => studio.place === place,
        run: () => {
          studio.place = place
        },
      }),
    ),
  ]
}
