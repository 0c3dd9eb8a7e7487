/**
 * The calls of a page in a desktop window to its shell, in addition to the studio's API: native menus, dialogs and a port to
 * the studio. Everything is plain JSON; desktop-bridge.ts defines the transport.
 */
import { z } from 'zod'
import { method } from './studio/method.ts'
import { LocalPath, None, Nothing } from './studio/values.ts'

const ACCELERATOR =
  /^((CommandOrControl|Control|Command|Alt|Shift)\+)*([!-*,-`{-~]|F([1-9]|1\d|2[0-4])|Plus|Space|Tab|Backspace|Delete|Insert|Return|Escape|Up|Down|Left|Right|Home|End|PageUp|PageDown)$/

/** A command of the page's registry as a native menu shows it. */
export const MenuCommand = z.strictObject({
  /** What the shell sends back when the user chooses it. */
  id: z.string().min(1).max(100),
  title: z.string().min(1).max(200),
  /** The menu's title. Menus come in the order in which they are first named, commands in theirs. */
  menu: z.string().min(1).max(40),
  /** In Electron's notation, such as `CommandOrControl+Shift+Z`; null for none. The page listens for the keys itself. */
  accelerator: z.string().regex(ACCELERATOR).nullable(),
  enabled: z.boolean(),
  /** Whether a toggle is on; null if it is not a toggle. */
  checked: z.boolean().nullable(),
})
export type MenuCommand = z.infer<typeof MenuCommand>

const Title = z.string().max(200)

const Filters = z
  .array(
    z.strictObject({ name: z.string().max(100), extensions: z.array(z.string().regex(/^[\w.]+$|^\*$/)) }),
  )
  .max(20)

export const DESKTOP_METHODS = {
  /** Sends this page a port to the studio (PORT_MESSAGE). The page's earlier one is closed. */
  'studio.connect': method(None, Nothing),
  /** The page is ready for messages; those that were waiting are sent. */
  'messages.listen': method(None, Nothing),
  /** Replaces what the page has in the native menus. */
  'menu.show': method(z.strictObject({ commands: z.array(MenuCommand).max(1000) }), Nothing),
  /** An existing folder or file; null if the user cancels. */
  'dialog.open': method(
    z.strictObject({ kind: z.enum(['folder', 'file']), title: Title, filters: Filters.exactOptional() }),
    LocalPath.nullable(),
  ),
  /** Where to write a file; the user has agreed to replace an existing one. Null if they cancel. */
  'dialog.save': method(
    z.strictObject({ title: Title, name: z.string().max(255), filters: Filters.exactOptional() }),
    LocalPath.nullable(),
  ),
  /** Shows a file in the system's file manager. Throws USAGE_PATH if it belongs neither to the project nor to a dialog's answer. */
  'folder.show': method(z.strictObject({ path: LocalPath }), Nothing),
  'about.show': method(None, Nothing),
} as const

type Methods = typeof DESKTOP_METHODS
export type DesktopMethod = keyof Methods
export type DesktopParams<Name extends DesktopMethod> = z.input<Methods[Name]['params']>
export type DesktopResult<Name extends DesktopMethod> = z.output<Methods[Name]['result']>

export const isDesktopMethod = (name: unknown): name is DesktopMethod =>
  typeof name === 'string' && Object.hasOwn(DESKTOP_METHODS, name)
