import type { MenuItemConstructorOptions } from 'electron'
import { expect, test } from 'vitest'
import type { MenuCommand } from '../../../src/core/contract/desktop.ts'
import { menuTemplate } from '../../../src/main/desktop/menu.ts'

const command = (id: string, menu: string, more: Partial<MenuCommand> = {}): MenuCommand => ({
  ...{ id, title: id, menu, accelerator: null, enabled: true, checked: null },
  ...more,
})

function build(platform: NodeJS.Platform, commands: MenuCommand[], recent: string[] = []) {
  const ran: string[] = []
  const run = (word: string): void => void ran.push(word)
  const template = menuTemplate({ commands, recent, platform, run, open: run, about: () => run('about') })
  const menu = (label: string) =>
    template.find((entry) => entry.label === label)!.submenu as MenuItemConstructorOptions[]
  return { template, menu, ran }
}

test('menus come in the order of the page, File first and Help last, with what is the shell’s', () => {
  const { template, menu } = build('linux', [command('help.keys', 'Help'), command('edit.undo', 'Edit')])
  expect(template.map(({ label }) => label)).toEqual(['File', 'Edit', 'Help'])
  expect(menu('File').map(({ label, role }) => label ?? role)).toEqual(['Open recent', undefined, 'quit'])
  expect(menu('Help').map(({ label }) => label)).toEqual(['help.keys', undefined, 'About FCOS Studio'])
})

test('choosing runs the command, opens the recent project', () => {
  const { menu, ran } = build('linux', [command('edit.undo', 'Edit')], ['/a & b'])
  const [recent] = menu('File')[0]!.submenu as MenuItemConstructorOptions[]
  expect(recent!.label).toBe('/a && b')
  for (const item of [menu('Edit')[0]!, recent!, menu('Help')[0]!]) (item.click as () => void)()
  expect(ran).toEqual(['edit.undo', '/a & b', 'about'])
})

test('keys are shown and never taken: text fields keep theirs', () => {
  const keys = ['CommandOrControl+Z', 'R', 'Alt+1']
  const commands = keys.map((accelerator, i) => command(`c${i}`, 'Edit', { accelerator }))
  const onLinux = build('linux', commands).menu('Edit')
  expect(onLinux.map(({ accelerator, registerAccelerator }) => [accelerator, registerAccelerator])).toEqual(
    keys.map((key) => [key, false]),
  )
  const onMac = build('darwin', commands).menu('Edit')
  expect(onMac.filter(({ id }) => id).map(({ accelerator }) => accelerator)).toEqual([
    undefined,
    undefined,
    'Alt+1',
  ])
  expect(onMac.filter(({ role }) => role).every(({ visible }) => visible === false)).toBe(true)
})

test('switches are checkboxes, and what is not possible is grey', () => {
  const commands = [
    command('on', 'View', { checked: true }),
    command('off', 'View', { checked: false, enabled: false }),
  ]
  expect(build('win32', commands).menu('View').slice(0, 2)).toMatchObject([
    { type: 'checkbox', checked: true, enabled: true },
    { type: 'checkbox', checked: false, enabled: false },
  ])
})
