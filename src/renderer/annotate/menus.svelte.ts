/** What lies open over the Annotate place: a context menu, the class picker, a name that is being typed. */
import type { MenuRequest } from '../ui/ContextMenu.svelte'

/** CSS pixels of the page. */
export interface PagePoint {
  readonly x: number
  readonly y: number
}

export interface PickerRequest extends PagePoint {
  /** Ids of commands that are offered below the classes; null is a line. */
  readonly commands: readonly (string | null)[]
  /** What is done with the class; null: it becomes that of the selected objects, or of new ones. */
  readonly purpose: PickerPurpose | null
}

export interface PickerPurpose {
  readonly title: string
  readonly choose: (classId: number, name: string) => void | Promise<void>
}

export class AnnotateMenus {
  context = $state.raw<MenuRequest | null>(null)
  picker = $state.raw<PickerRequest | null>(null)
  /** The class that the class commands mean: that of the menu that is or was open last. */
  classId = $state<number | null>(null)
  /** The class whose name is being typed in the list. */
  renaming = $state<number | null>(null)
  /** The class whose dialog is open. */
  editing = $state<number | null>(null)
  /** Whether names of new classes are being typed. */
  adding = $state(false)

  /** Opens a context menu where an event happened. */
  open(event: MouseEvent, label: string, commands: MenuRequest['commands']): void {
    event.preventDefault()
    this.picker = null
    this.context = { x: event.clientX, y: event.clientY, label, commands }
  }

  pickClass(
    at: PagePoint,
    commands: PickerRequest['commands'] = [],
    purpose: PickerPurpose | null = null,
  ): void {
    this.context = null
    this.picker = { x: at.x, y: at.y, commands, purpose }
  }
}
