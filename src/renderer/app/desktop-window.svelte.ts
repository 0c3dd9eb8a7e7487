/** What only a desktop window has: native menus and dialogs, and folders dropped onto it. */
import type { DesktopBridge } from '../../core/contract/desktop-bridge.ts'
import { callDesktop } from '../api/desktop-client.ts'
import { menuCommands } from '../commands/native-menu.ts'
import type { Choice, NativeDialogs } from '../session/chooser.svelte.ts'
import type { WindowSession } from '../session/window-session.svelte.ts'

export const nativeDialogs = (bridge: DesktopBridge): NativeDialogs => ({
  choose: (choice) => choose(bridge, choice),
  reveal: (path) => callDesktop(bridge, 'folder.show', { path }),
})

/** Call in an effect. */
export function joinDesktop(session: WindowSession, bridge: DesktopBridge): void {
  const open = (path: string): void => void session.openProject(path)

  bridge.listen((message) => {
    if ('run' in message) session.studio.commands.run(message.run)
    else open(message.open)
  })
  void callDesktop(bridge, 'messages.listen', {})

  let shown = ''
  $effect(() => {
    const commands = menuCommands(session.studio.commands)
    const text = JSON.stringify(commands)
    if (text === shown) return
    shown = text
    void callDesktop(bridge, 'menu.show', { commands })
  })

  $effect(() => {
    const allow = (event: DragEvent): void => {
      if (event.dataTransfer?.types.includes('Files')) event.preventDefault()
    }
    const drop = (event: DragEvent): void => {
      const file = event.dataTransfer?.files[0]
      if (!file) return
      event.preventDefault()
      open(bridge.pathForFile(file))
    }
    window.addEventListener('dragover', allow)
    window.addEventListener('drop', drop)
    return () => {
      window.removeEventListener('dragover', allow)
      window.removeEventListener('drop', drop)
    }
  })
}

const EXTENSIONS: Readonly<Partial<Record<Choice['kinds'][number], readonly string[]>>> = {
  labels: ['json', 'csv', 'yaml', 'xml'],
  weights: ['safetensors', 'pth', 'pt'],
}

/** A native dialog offers folders or files, not both: where folders are allowed, it asks for a folder. */
async function choose(bridge: DesktopBridge, choice: Choice): Promise<string | undefined> {
  const { title, kinds, saveAs } = choice
  if (saveAs !== undefined) {
    return (await callDesktop(bridge, 'dialog.save', { title, name: saveAs })) ?? undefined
  }
  const extensions = kinds.flatMap((kind) => EXTENSIONS[kind] ?? [])
  const filters = extensions.length > 0 ? [{ name: title, extensions }] : []
  const kind = kinds.includes('folder') ? 'folder' : 'file'
  return (await callDesktop(bridge, 'dialog.open', { kind, title, filters })) ?? undefined
}
