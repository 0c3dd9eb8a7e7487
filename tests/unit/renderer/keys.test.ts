import { describe, expect, test } from 'vitest'
import { classCommands, classNumberCommands } from '../../../src/renderer/annotate/class-commands.ts'
import { imageCommands } from '../../../src/renderer/annotate/image-commands.ts'
import { objectCommands } from '../../../src/renderer/annotate/object-commands.ts'
import { tourCommands } from '../../../src/renderer/annotate/tour-commands.ts'
import { viewCommands } from '../../../src/renderer/annotate/view-commands.ts'
import { appCommands } from '../../../src/renderer/app/app-commands.ts'
import type { Command } from '../../../src/renderer/commands/commands.svelte.ts'
import { usesKey } from '../../../src/renderer/commands/keys.svelte.ts'
import { type KeyPreset, PRESETS } from '../../../src/renderer/commands/presets.ts'
import { detectCommands } from '../../../src/renderer/detect/detect-commands.ts'
import { xrayCommands } from '../../../src/renderer/xray/xray-commands.ts'

/** Making a command asks nothing of the studio; only running it does. */
const nothing = new Proxy({}, { get: () => nothing }) as never

const ALL: readonly Command[] = [
  ...appCommands(nothing, () => {}),
  ...imageCommands(nothing, nothing),
  ...objectCommands(nothing, nothing),
  ...classCommands(nothing, nothing),
  ...classNumberCommands(nothing, ['die']),
  ...viewCommands(nothing),
  ...xrayCommands(nothing, nothing, nothing),
  ...tourCommands(nothing),
  ...detectCommands(nothing, nothing, () => {}),
]

describe.each(Object.keys(PRESETS) as KeyPreset[])('keys like %s', (preset) => {
  const keysOf = ({ id, keys }: Command) => PRESETS[preset][id] ?? keys ?? []

  test('no key means two things', () => {
    const users = Map.groupBy(
      ALL.flatMap((command) => keysOf(command).map((key) => ({ key, id: command.id }))),
      ({ key }) => key,
    )
    const shared = [...users].filter(([, commands]) => commands.length > 1)
    expect(shared.map(([key, commands]) => `${key}: ${commands.map(({ id }) => id)}`)).toEqual([])
  })

  test('names commands that there are', () => {
    const ids = new Set(ALL.map(({ id }) => id))
    expect(Object.keys(PRESETS[preset]).filter((id) => !ids.has(id))).toEqual([])
  })
})

describe('a control that has the focus', () => {
  const control = (tagName: string, type = '') => ({ tagName, type, isContentEditable: false })

  test.each([
    ['SELECT', '', ['d', 'x', '1', '?', 'i', 'Delete', 'Escape'], ['ArrowDown', 'Home', ' ', 'Enter']],
    ['INPUT', 'checkbox', ['d', '1', 'ArrowLeft'], [' ']],
    ['INPUT', 'range', ['d', '1', 'm'], ['ArrowLeft', 'PageUp', 'End']],
    ['INPUT', 'radio', ['d', '1'], ['ArrowDown', ' ']],
    ['BUTTON', '', ['d', '1', 'ArrowLeft'], [' ', 'Enter']],
    ['DIV', '', ['d', ' ', 'ArrowLeft'], []],
    ['INPUT', 'number', [], ['1', 'ArrowUp', '-']],
    ['INPUT', 'text', [], ['d', '?', 'Home']],
    ['TEXTAREA', '', [], ['d', 'Enter']],
  ])('%s %s leaves %j to commands and keeps %j', (tagName, type, commands, own) => {
    expect(commands.filter((key) => usesKey(control(tagName, type), key))).toEqual([])
    expect(own.filter((key) => !usesKey(control(tagName, type), key))).toEqual([])
  })
})
