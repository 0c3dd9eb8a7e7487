/** Commands of a round (session/round.svelte.ts): from mistake to mistake without leaving the canvas. */
import type { Command } from '../commands/commands.svelte.ts'
import type { Studio } from '../session/studio.svelte.ts'

export function roundCommands(studio: Studio): Command[] {
  const { round, editor } = studio
  const inRound = (id: string, title: string, keys: string[], run: () => void): Command => ({
    id,
    title,
    group: 'Go',
    keys,
    enabled: () => round.current !== null,
    run,
  })
  return [
    inRound('round.next', 'Next finding', ['e'], () => round.step(1)),
    inRound('round.previous', 'Previous finding', ['Shift+e'], () => round.step(-1)),
    inRound('round.back', 'Back to the list of findings', ['b'], () => round.end()),
    {
      id: 'round.take',
      title: 'Make the detection a label',
      group: 'Object',
      keys: ['t'],
      enabled: () =>
        studio.canEdit && round.current?.guess != null && editor.loaded === round.current.imageId,
      run: () => {
        const { classId, box } = round.current!.guess!
        editor.add([{ classId, box, source: 'drawn' }], 'Make detection a label')
      },
    },
  ]
}
