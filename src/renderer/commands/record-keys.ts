import type { AppInfo } from '../../core/contract/studio/app.ts'

const MODIFIERS = new Set(['Control', 'Shift', 'Alt', 'Meta'])

/** The pressed keys in tinykeys' notation; undefined while only modifiers are held. */
export function keysOfEvent(event: KeyboardEvent, platform: AppInfo['platform']): string | undefined {
  const { key, ctrlKey, metaKey, altKey, shiftKey } = event
  if (MODIFIERS.has(key)) return undefined
  const mac = platform === 'mac'
  const parts = [
    (mac ? metaKey : ctrlKey) && '$mod',
    mac && ctrlKey && 'Control',
    altKey && 'Alt',
    shiftKey && 'Shift',
    key.length === 1 ? key.toLowerCase() : key,
  ]
  return parts.filter((part) => part !== false).join('+')
}
