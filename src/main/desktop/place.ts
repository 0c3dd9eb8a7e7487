/** Where a window was, and where it can be placed now. Units: device-independent pixels of the desktop. */
import { z } from 'zod'

export interface Rectangle {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export const Place = z.object({
  x: z.int(),
  y: z.int(),
  width: z.int().positive(),
  height: z.int().positive(),
  maximized: z.boolean(),
})
export type Place = z.infer<typeof Place>

export const SMALLEST = { width: 900, height: 600 } as const
const USUAL = { width: 1440, height: 900 } as const

/** This much of a window must be on a display for the user to be able to grab it. */
const VISIBLE = 100

/**
 * The remembered position if the top of the window is still reachable on some display, else the middle of the first display.
 * Never larger than the display.
 *
 * @param areas of the displays, without task bars; the first is the main display.
 */
export function fitPlace(remembered: Place | undefined, areas: readonly [Rectangle, ...Rectangle[]]): Place {
  const home = remembered && areas.find((area) => isReachable(remembered, area))
  if (home) return { ...remembered, ...limit(remembered, home) }
  const [main] = areas
  const { width, height } = limit(remembered ?? USUAL, main)
  return {
    x: Math.round(main.x + (main.width - width) / 2),
    y: Math.round(main.y + (main.height - height) / 2),
    width,
    height,
    maximized: remembered?.maximized ?? false,
  }
}

function isReachable({ x, y, width }: Place, area: Rectangle): boolean {
  const shown = Math.min(x + width, area.x + area.width) - Math.max(x, area.x)
  return shown >= VISIBLE && y >= area.y && y <= area.y + area.height - VISIBLE
}

function limit({ width, height }: { width: number; height: number }, area: Rectangle) {
  return {
    width: Math.min(Math.max(width, SMALLEST.width), area.width),
    height: Math.min(Math.max(height, SMALLEST.height), area.height),
  }
}
