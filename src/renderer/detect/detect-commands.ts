import type { Command } from '../commands/commands.svelte.ts'
import type { Studio } from '../session/studio.svelte.ts'
import type { Guesses } from './guesses.svelte.ts'

const STEP = 0.05

/** @param openDialog opens the dialog that asks for the images */
export function detectCommands(studio: Studio, guesses: Guesses, openDialog: () => void): Command[] {
  const shiftScore = (id: string, title: string, keys: string[], by: number): Command => ({
    id,
    title,
    group: 'Model',
    keys,
    enabled: () => guesses.look.on,
    run: () =>
      guesses.show({
        score: Math.round(Math.min(0.95, Math.max(0.05, guesses.look.score + by)) * 100) / 100,
      }),
  })
  return [
    {
      id: 'assist.toggle',
      title: 'Assist: learn while I label, and propose boxes',
      group: 'Model',
      keys: ['g'],
      enabled: () => studio.canEdit,
      checked: () => studio.assist.on,
      run: () => studio.assist.toggle(),
    },
    {
      id: 'detect.show',
      title: 'Show the model’s detections',
      group: 'Model',
      keys: ['m'],
      checked: () => guesses.look.on,
      run: () => guesses.show({ on: !guesses.look.on }),
    },
    shiftScore('detect.fewer', 'Show fewer: raise the minimum score', ["Shift+'"], STEP),
    shiftScore('detect.more', 'Show more: lower the minimum score', ["'"], -STEP),
    {
      id: 'detect.centerness',
      title: 'Rank with centerness',
      group: 'Model',
      enabled: () => guesses.look.on,
      checked: () => guesses.look.centerness,
      run: () => guesses.show({ centerness: !guesses.look.centerness }),
    },
    {
      id: 'detect.images',
      title: 'Detect in images…',
      group: 'Model',
      keys: ['Shift+m'],
      enabled: () => studio.model.current !== null,
      run: openDialog,
    },
    {
      id: 'model.choose',
      title: 'Use a checkpoint from a file…',
      group: 'Model',
      run: () => studio.model.chooseFile(),
    },
  ]
}
