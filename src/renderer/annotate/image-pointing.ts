/** What clicks on an image of the list mean. */
import type { ImageList } from '../session/image-list.svelte.ts'
import { IMAGE_MENU } from './image-commands.ts'
import type { AnnotateMenus } from './menus.svelte.ts'

/** A click opens; with Ctrl or Cmd it marks; with Shift it marks all from the open image. */
export function clickImage({ shiftKey, ctrlKey, metaKey }: MouseEvent, id: number, images: ImageList): void {
  if (shiftKey) images.markTo(id)
  else if (ctrlKey || metaKey) images.toggle(id)
  else {
    images.unmark()
    images.open(id)
  }
}

/** The menu is about the marked images, or about the one that was clicked. */
export function openImageMenu(event: MouseEvent, id: number, images: ImageList, menus: AnnotateMenus): void {
  if (!images.marked.has(id)) images.open(id)
  menus.open(event, 'Images', IMAGE_MENU)
}
