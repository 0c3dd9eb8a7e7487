/** Commands about tools and the view of the canvas. */
import type { ToolName } from '../canvas/toolbox.ts'
import type { Command } from '../commands/commands.svelte.ts'
import type { AnnotationView } from './annotation-view.svelte.ts'

const ZOOM_STEP = 1.25

export function viewCommands(view: AnnotationView): Command[] {
  const tool = (name: ToolName, title: string, keys: string[]): Command => ({
    id: `tool.${name}`,
    title,
    group: 'Edit',
    keys,
    checked: () => view.tool === name,
    run: () => {
      view.tool = name
    },
  })
  const onCanvas = (
    id: string,
    title: string,
    keys: string[],
    run: (canvas: NonNullable<AnnotationView['canvas']>) => void,
  ): Command => ({
    id,
    title,
    group: 'View',
    keys,
    enabled: () => view.canvas !== null,
    run: () => run(view.canvas!),
  })
  return [
    tool('draw', 'Draw boxes', ['r']),
    tool('polygon', 'Draw outlines', ['p']),
    tool('select', 'Select and edit', ['v']),
    tool('lasso', 'Select with a lasso', ['q']),
    tool('pan', 'Pan', ['Shift+g']),
    {
      id: 'tool.snapping',
      title: 'Snap to whole pixels',
      group: 'Edit',
      checked: () => view.snapping,
      run: () => {
        view.snapping = !view.snapping
      },
    },
    {
      id: 'tool.magnet',
      title: 'Snap to neighbouring outlines',
      group: 'Edit',
      checked: () => view.magnet,
      run: () => {
        view.magnet = !view.magnet
      },
    },
    {
      ...onCanvas('edit.finish', 'Close the outline', ['Enter'], (canvas) => canvas.finishGesture()),
      group: 'Edit',
      enabled: () => view.canvas !== null && view.tool === 'polygon',
    },
    onCanvas('view.fit', 'Fit image to window', ['$mod+f', '$mod+0'], (canvas) => canvas.fit()),
    onCanvas('view.actualSize', 'Zoom to 100%', ['$mod+1'], (canvas) => canvas.zoomTo(1)),
    {
      ...onCanvas('view.zoomIn', 'Zoom in', ['$mod+=', '+', '='], (canvas) => canvas.zoomBy(ZOOM_STEP)),
      repeats: true,
    },
    {
      ...onCanvas('view.zoomOut', 'Zoom out', ['$mod+-', '-'], (canvas) => canvas.zoomBy(1 / ZOOM_STEP)),
      repeats: true,
    },
    onCanvas('view.zoomToSelection', 'Zoom to selection', ['z'], (canvas) => canvas.zoomToSelection()),
    onCanvas('edit.escape', 'Cancel, or clear the selection', ['Escape'], (canvas) => canvas.escape()),
    {
      id: 'view.resetAdjustment',
      title: 'Reset brightness and contrast',
      group: 'View',
      run: () => view.resetPicture(),
    },
  ]
}
