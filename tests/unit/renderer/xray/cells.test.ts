import { describe, expect, test } from 'vitest'
import { BACKGROUND } from '../../../../src/core/detectors/assigner.ts'
import type { Level } from '../../../../src/core/pyramid/levels.ts'
import { paintCells } from '../../../../src/renderer/xray/paint/cells.ts'
import type { ComputedTargets } from '../../../../src/renderer/xray/targets.ts'
import { compute, targetBox } from './support.ts'

/** Where they lie, and which are positive. */
const positivesOf = ({ maps, ...layout }: ComputedTargets) =>
  [{ ...layout, pyramid: maps.pyramid }, (at: number) => maps.matched[at] !== BACKGROUND] as const

const VIEW = { scale: 2, x: 10, y: 20 }
const ALL = [0, 0, 128, 128] as const

describe('cells on the screen', () => {
  // Its centre is the location (60, 60): nine cells, of 8 px each.
  const targets = compute([targetBox(1, [40, 40, 80, 80])])
  const painted = (part: readonly [number, number, number, number], view = VIEW) => {
    const cells: [string, ...number[]][] = []
    paintCells(...positivesOf(targets), null, view, part, {
      paint: (_, level: Level, ...cell) => cells.push([level.name, ...cell]),
    })
    return cells
  }

  test('each positive location is a cell of its level’s size, but for a pixel between', () => {
    const cells = painted(ALL)
    expect(cells).toHaveLength(9)
    expect(cells[0]).toEqual(['P3', 10 + 48 * 2, 20 + 48 * 2, 15, 15])
    expect(cells[8]).toEqual(['P3', 10 + 64 * 2, 20 + 64 * 2, 15, 15])
  })

  test('only those in sight', () => {
    expect(painted([60, 60, 63, 63])).toHaveLength(1)
    expect(painted([57, 50, 63, 58])).toHaveLength(2)
  })

  test('at odd zooms neighbours share whole edges, without a gap where they are small', () => {
    const cells = painted(ALL, { scale: 0.43, x: 0.2, y: 0.7 })
    const row = cells.slice(0, 3)
    for (const [i, [, x, , width]] of row.slice(0, 2).entries()) expect(x! + width!).toBe(row[i + 1]![1])
  })

  test('coarse levels come first', () => {
    const both = compute([targetBox(1, [40, 40, 80, 80]), targetBox(2, [4, 4, 124, 124])])
    const names: string[] = []
    paintCells(...positivesOf(both), null, VIEW, ALL, { paint: (_, { name }) => names.push(name) })
    expect(names.indexOf('P3')).toBeGreaterThan(names.lastIndexOf('P4'))
    const alone: string[] = []
    paintCells(...positivesOf(both), 'P4', VIEW, ALL, { paint: (_, { name }) => alone.push(name) })
    expect(new Set(alone)).toEqual(new Set(['P4']))
  })
})
