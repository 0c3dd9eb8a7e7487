import { expect, test } from 'vitest'
import { MenuCommand } from '../../../src/core/contract/desktop.ts'
import { accelerator } from '../../../src/renderer/commands/accelerator.ts'

const CASES: [keys: string, name: string | null][] = [
  ['$mod+z', 'CommandOrControl+Z'],
  ['$mod+Shift+z', 'CommandOrControl+Shift+Z'],
  ['a', 'A'],
  ['Shift+A', 'Shift+A'],
  ['1', '1'],
  ['Alt+1', 'Alt+1'],
  ['Shift+?', '?'],
  ['$mod++', 'CommandOrControl+Plus'],
  ['$mod+-', 'CommandOrControl+-'],
  ['ArrowLeft', 'Left'],
  ['Shift+ArrowDown', 'Shift+Down'],
  ['Enter', 'Return'],
  ['F5', 'F5'],
  [' ', 'Space'],
  ['Delete', 'Delete'],
  ['PageUp', 'PageUp'],
  // Sequences and places on the keyboard have no name in a menu.
  ['g i', null],
  ['$mod+BracketLeft', null],
  ['Hyper+x', null],
]

test.each(CASES)('%s is %s in a menu', (keys, name) => {
  expect(accelerator(keys)).toBe(name)
  expect(MenuCommand.shape.accelerator.safeParse(name).success).toBe(true)
})
