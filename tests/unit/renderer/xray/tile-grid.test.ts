import { expect, test } from 'vitest'
import type { TileGrid } from '../../../../src/core/contract/training-input-asset.ts'
import { tileSummary, tileTitle } from '../../../../src/renderer/xray/tile-grid.ts'

const at = (x: number) => ({ x, y: 0, width: 100, height: 100 })
const grid: TileGrid = {
  image: { width: 260, height: 100 },
  tiles: [
    { ...at(0), objects: 2, cut: [{ number: 4, classId: 1 }], dropped: [{ number: 7, classId: 2 }] },
    { ...at(80), objects: 1, cut: [], dropped: [] },
    { ...at(160), objects: 0, cut: [], dropped: [] },
  ],
  emptySamples: 1,
  whole: true,
  shown: 0,
}
const nameOf = (id: number): string => ['', 'die', 'pawn'][id]!

test('which tile is shown, what its borders cut, and which tiles are samples', () => {
  expect(tileTitle(grid, 1)).toBe('Tile 2 of 3: 1 object')
  expect(tileSummary(grid, nameOf)).toBe(
    'Tile 1 of 3: 2 objects. Its borders cut die 4. Of pawn 7 too little is left: no target here. An epoch has 2 tiles with objects, ' +
      '1 of the 1 without (dashed), and the whole image for objects that are too large for tiles.',
  )
  expect(tileSummary({ ...grid, shown: 2, whole: false }, nameOf)).toBe(
    'Tile 3 of 3: 0 objects. Without objects, it takes turns with its like. An epoch has 2 tiles with objects, 1 of the 1 without (dashed).',
  )
  expect(tileSummary({ ...grid, shown: null }, nameOf)).toMatch(/^The whole image\. An epoch/)
  const cut = Array.from({ length: 8 }, (_, n) => ({ number: n + 1, classId: 1 }))
  expect(tileSummary({ ...grid, tiles: [{ ...grid.tiles[0]!, cut, dropped: [] }] }, nameOf)).toMatch(
    /die 6 and 2 more\./,
  )
})
