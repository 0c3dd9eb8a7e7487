/** Commands of a review tour (session/review-tour.svelte.ts), which visits findings without leaving the canvas. */
import { segmentationArea } from '../../core/geometry/shape.ts'
import type { Command } from '../commands/commands.svelte.ts'
import type { Studio } from '../session/studio.svelte.ts'

export function tourCommands(studio: Studio): Command[] {
  const { tour, editor } = studio
  const onTour = (id: string, title: string, keys: string[], run: () => void): Command => ({
    id,
    title,
    group: 'Go',
    keys,
    enabled: () => tour.current !== null,
    run,
  })
  return [
    onTour('tour.next', 'Next finding', ['e'], () => tour.step(1)),
    onTour('tour.previous', 'Previous finding', ['Shift+e'], () => tour.step(-1)),
    onTour('tour.back', 'Back to the list of findings', ['b'], () => tour.end()),
    {
      id: 'tour.take',
      title: 'Agree with the detector',
      group: 'Object',
      keys: ['t'],
      enabled: () =>
        studio.canEdit &&
        (tour.current?.guess != null || tour.current?.agree !== undefined) &&
        editor.image.loaded === tour.current.imageId,
      run: () => {
        const { agree } = tour.current!
        if (agree) {
          agree.run()
          tour.answered()
          return
        }
        const { classId, box, segmentation } = tour.current!.guess!
        const outline = segmentation ? { segmentation, area: segmentationArea(segmentation) } : {}
        editor.add([{ classId, box, source: 'drawn', ...outline }], 'Make detection a label')
      },
    },
    {
      id: 'tour.keep',
      title: 'The labels are right',
      group: 'Object',
      keys: ['Shift+r'],
      enabled: () => studio.canEdit && tour.current?.keep !== undefined,
      run: () => {
        const { run, undo } = tour.current!.keep!
        run()
        const comeBack = tour.answered()
        const takeBack = (): void => {
          undo()
          comeBack()
        }
        studio.messages.show('Noted that the labels here are right. They will not be listed again', {
          title: 'Undo',
          run: takeBack,
        })
      },
    },
  ]
}
