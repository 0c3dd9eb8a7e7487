/** What is said of the tiles of a large image. */
import type { TileGrid } from '../../core/contract/training-input-asset.ts'
import { countOf } from '../../core/words.ts'

type Named = TileGrid['tiles'][number]['cut']
/** Objects that a sentence names. */
const MOST_NAMED = 6

/** "Tile 3 of 12: 5 objects" */
export const tileTitle = ({ tiles }: TileGrid, index: number): string =>
  `Tile ${index + 1} of ${tiles.length}: ${countOf(tiles[index]!.objects, 'object')}`

/** What is shown, what its borders do to objects, and which tiles are samples. */
export function tileSummary(grid: TileGrid, nameOf: (classId: number) => string): string {
  const { tiles, emptySamples, shown, whole } = grid
  const named = (list: Named): string => {
    const names = list.slice(0, MOST_NAMED).map(({ number, classId }) => `${nameOf(classId)} ${number}`)
    return names.join(', ') + (list.length > MOST_NAMED ? ` and ${list.length - MOST_NAMED} more` : '')
  }
  const withObjects = tiles.filter(({ objects }) => objects > 0).length
  const empty = tiles.length - withObjects
  const tile = shown === null ? null : tiles[shown]!
  return [
    tile ? `${tileTitle(grid, shown!)}.` : 'The whole image.',
    ...(tile && tile.cut.length > 0 ? [`Its borders cut ${named(tile.cut)}.`] : []),
    ...(tile && tile.dropped.length > 0
      ? [`Of ${named(tile.dropped)} too little is left: no target here.`]
      : []),
    ...(tile?.objects === 0 ? ['Without objects, it takes turns with its like.'] : []),
    `An epoch has ${countOf(withObjects, 'tile')} with objects` +
      (empty > 0 ? `, ${emptySamples} of the ${empty} without (dashed)` : '') +
      (whole ? ', and the whole image for objects that are too large for tiles.' : '.'),
  ].join(' ')
}
