/** Commands that are always available. */
import type { Command } from '../commands/commands.svelte.ts'
import type { LabelSource } from '../session/label-offer.svelte.ts'
import { PLACES, type Place, type Studio } from '../session/studio.svelte.ts'
import { THEMES, themeOf } from './theme.svelte.ts'

export const PLACE_TITLES: Readonly<Record<Place, string>> = {
  annotate: 'Annotate',
  report: 'Report',
  train: 'Train',
  evaluate: 'Evaluate',
  export: 'Export',
}

/** A dialog over the whole window. */
export type Overlay =
  | { readonly kind: 'palette' | 'keys' | 'settings' | 'splits' }
  /** `sources`: what is known to lie there, to choose from. */
  | { readonly kind: 'import'; readonly path: string; readonly sources?: readonly LabelSource[] }

/** @param toggle shows an overlay, or hides one of the same kind */
export function appCommands(studio: Studio, toggle: (overlay: Overlay) => void): Command[] {
  const hasProject = (): boolean => studio.project !== null
  const { client, labels } = studio
  return [
    {
      id: 'project.open',
      title: 'Open a folder or project…',
      group: 'File',
      keys: ['$mod+o'],
      run: async () => {
        const path = await studio.chooser.choose({
          title: 'Open a folder of images, or a project',
          verb: 'Open',
          kinds: ['folder', 'project'],
        })
        if (path) await studio.window.openProject(path)
      },
    },
    {
      id: 'project.openSample',
      title: 'Open the sample',
      group: 'File',
      run: () => studio.window.openSample(),
    },
    {
      id: 'project.import',
      title: 'Import labels…',
      group: 'File',
      keys: ['$mod+i'],
      enabled: () => studio.canEdit,
      run: async () => {
        const path = await studio.chooser.choose({
          title: 'Import labels: a COCO or CSV file, or a folder with VOC, YOLO or LabelMe labels',
          verb: 'Preview',
          kinds: ['folder', 'labels'],
          startAt: studio.project!.imageRoot,
        })
        if (path) toggle({ kind: 'import', path })
      },
    },
    {
      id: 'labels.import',
      title: 'Import the labels found in this folder',
      group: 'File',
      enabled: () => labels.shown !== null && labels.only?.obstacle === null,
      run: () => labels.take(),
    },
    {
      id: 'labels.preview',
      title: 'Preview the labels found in this folder…',
      group: 'File',
      enabled: () => labels.importable.length > 0,
      run: () => toggle({ kind: 'import', path: studio.project!.imageRoot, sources: labels.importable }),
    },
    {
      id: 'labels.decline',
      title: 'Do not import the labels found in this folder',
      group: 'File',
      enabled: () => labels.shown !== null,
      run: () => labels.decline(),
    },
    {
      id: 'project.assignSplits',
      title: 'Assign splits…',
      group: 'File',
      enabled: () => studio.canEdit && (studio.project?.images ?? 0) > 0,
      run: () => toggle({ kind: 'splits' }),
    },
    {
      id: 'project.relocate',
      title: 'Locate images…',
      group: 'File',
      enabled: () => studio.canEdit,
      run: async () => {
        const imageRoot = await studio.chooser.choose({
          title: 'Where are the images of this project?',
          verb: 'Use this folder',
          kinds: ['folder'],
          startAt: studio.project!.imageRoot,
        })
        if (imageRoot) await studio.attempt(client.call('project.relocate', { imageRoot }))
      },
    },
    {
      id: 'project.scan',
      title: 'Rescan folder for new images',
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
      run: () => studio.window.closeProject(),
    },
    {
      id: 'edit.undo',
      title: 'Undo',
      group: 'Edit',
      keys: ['$mod+z'],
      enabled: () => studio.canEdit && (studio.project?.undo != null || isInGesture(studio)),
      repeats: true,
      run: () => studio.undo(),
    },
    {
      id: 'edit.redo',
      title: 'Redo',
      group: 'Edit',
      keys: ['$mod+Shift+z', '$mod+y'],
      enabled: () => studio.canEdit && (studio.project?.redo != null || isInGesture(studio)),
      repeats: true,
      run: () => studio.redo(),
    },
    {
      id: 'view.theme',
      title: 'Switch theme: dark, light, system',
      group: 'View',
      run: () => {
        const next = THEMES[(THEMES.indexOf(themeOf(studio.settings)) + 1) % THEMES.length]!
        studio.settings.set('theme', next)
      },
    },
    {
      id: 'view.settings',
      title: 'Settings…',
      group: 'View',
      keys: ['$mod+,'],
      run: () => toggle({ kind: 'settings' }),
    },
    {
      id: 'help.palette',
      title: 'All commands…',
      group: 'Help',
      keys: ['$mod+k', '$mod+Shift+p'],
      run: () => toggle({ kind: 'palette' }),
    },
    {
      id: 'help.keys',
      title: 'Keyboard shortcuts…',
      group: 'Help',
      keys: ['Shift+?'],
      run: () => toggle({ kind: 'keys' }),
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

/** `draft` is reactive, but does not tell of an outline's first vertices. */
const isInGesture = ({ editor }: Studio): boolean =>
  editor.image.draft !== null || editor.gesture?.isUnderWay === true
