/** Converts keys in tinykeys' notation to an Electron accelerator; null for what it cannot express, such as sequences. */
export function accelerator(keys: string): string | null {
  const parts = keys.split(/\+(?=.)/)
  const key = nameOf(parts.pop()!)
  const modifiers = parts.map((part) => MODIFIERS[part])
  if (key === undefined || modifiers.some((modifier) => modifier === undefined)) return null
  // "Shift+?" is how the character is typed; a menu shows the character alone.
  const shown = /^[^A-Z0-9]$/.test(key) ? modifiers.filter((modifier) => modifier !== 'Shift') : modifiers
  return [...shown, key].join('+')
}

const MODIFIERS: Readonly<Record<string, string>> = {
  $mod: 'CommandOrControl',
  Control: 'Control',
  Meta: 'Command',
  Alt: 'Alt',
  Shift: 'Shift',
}

const NAMES: Readonly<Record<string, string>> = {
  ArrowLeft: 'Left',
  ArrowRight: 'Right',
  ArrowUp: 'Up',
  ArrowDown: 'Down',
  Enter: 'Return',
  '+': 'Plus',
  ' ': 'Space',
}

const SAME =
  /^(F([1-9]|1\d|2[0-4])|Space|Tab|Backspace|Delete|Insert|Escape|Home|End|PageUp|PageDown|[!-*,-`{-~])$/

function nameOf(key: string): string | undefined {
  if (/^[a-z]$/.test(key)) return key.toUpperCase()
  return NAMES[key] ?? (SAME.test(key) ? key : undefined)
}
