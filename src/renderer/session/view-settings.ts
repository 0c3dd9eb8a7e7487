/** How the window looks and turns, as the user has set it. */
import { z } from 'zod'
import { WHEELS, type Wheel } from '../canvas/input/wheel.ts'
import type { Commands } from '../commands/commands.svelte.ts'
import type { WindowSettings } from './window-settings.svelte.ts'

interface Owner {
  readonly settings: WindowSettings
  readonly commands: Commands
}

export const WHEEL_SETTING = 'view.wheel'

/** Until the user chooses, as the tool whose keys are chosen does it. */
export const wheelOf = ({ settings, commands }: Owner): Wheel =>
  settings.get(WHEEL_SETTING, z.enum(WHEELS).nullable(), null) ??
  (commands.keySettings.preset === 'cvat' ? 'zoom' : 'pan')

/** Percent. */
export const SMALLEST_SCALE = 80
export const LARGEST_SCALE = 200
export const SCALE_SETTING = 'view.scale'

export const scaleOf = (settings: WindowSettings): number =>
  settings.get(SCALE_SETTING, z.number().min(SMALLEST_SCALE).max(LARGEST_SCALE), 100)

/** For effects: shows the whole window larger or smaller. The canvas undoes it, since the picture has its own zoom. */
export function applyScale(settings: WindowSettings): void {
  const { style } = document.documentElement
  const scale = scaleOf(settings) / 100
  style.setProperty('zoom', String(scale))
  style.setProperty('--ui-scale', String(scale))
}
