import type { AppInfo } from '../../core/contract/studio/app.ts'

const NAMES: Readonly<Record<string, string>> = {
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
  Escape: 'Esc',
  Delete: 'Del',
  ' ': 'Space',
}

const MAC: Readonly<Record<string, string>> = { $mod: '⌘', Shift: '⇧', Alt: '⌥', Control: '⌃' }

/** Keys in tinykeys' notation, as people read them on their platform: "Ctrl+Shift+Z", "⇧⌘Z". */
export function keyLabel(keys: string, platform: AppInfo['platform']): string {
  const mac = platform === 'mac'
  const press = (part: string): string => {
    const names = part
      // A shifted character such as "?" already implies Shift.
      .replace(/Shift\+(?=[^a-z0-9]$)/i, '')
      .split(/\+(?=.)/)
      .map((key) => (mac ? MAC[key] : undefined) ?? (key === '$mod' ? 'Ctrl' : key))
      .map((key) => NAMES[key] ?? (key.length === 1 ? key.toUpperCase() : key))
    return names.join(mac ? '' : '+')
  }
  return keys
    .split(/ (?=.)/)
    .map(press)
    .join(' ')
}
