/** Commands that make outlines of objects, and change them as a whole. */
import { storedRings } from '../../core/geometry/parts.ts'
import { ellipseRing, type Ring, rectangleRing } from '../../core/geometry/polygon.ts'
import { isPolygons } from '../../core/geometry/segmentation.ts'
import { type Shape, segmentationBounds, shapeOfRings } from '../../core/geometry/shape.ts'
import { simplifySegmentation } from '../../core/geometry/simplify.ts'
import type { ProjectAnnotation } from '../../core/project/model.ts'
import { combined, partsOfAny } from '../canvas/geometry/regions.ts'
import type { Command } from '../commands/commands.svelte.ts'
import { asDrawn } from '../session/annotation-records.ts'
import type { Studio } from '../session/studio.svelte.ts'
import { countOf } from '../ui/numbers.ts'
import type { AnnotationView } from './annotation-view.svelte.ts'

const ELLIPSE_VERTICES = 32

export function outlineCommands(studio: Studio, view: AnnotationView): Command[] {
  const { editor, messages, images } = studio
  const command = (
    id: string,
    title: string,
    keys: string[],
    fits: (selected: readonly ProjectAnnotation[]) => boolean,
    run: (selected: readonly ProjectAnnotation[]) => void,
  ): Command => ({
    id: `outline.${id}`,
    title,
    group: 'Object',
    keys,
    enabled: () => studio.canEdit && fits(editor.image.selected),
    run: () => run(editor.image.selected),
  })
  const ofBoxes = (id: string, title: string, keys: string[], ring: (box: Shape['box']) => Ring): Command =>
    command(
      id,
      title,
      keys,
      (selected) => selected.some(isBox),
      (selected) => {
        const boxes = selected.filter(isBox)
        // The box stays as it is, to the bit.
        const shapes = boxes.map(({ id: of, box }) => [of, { ...shapeOfRings([ring(box)])!, box }] as const)
        editor.move(new Map(shapes), title)
        if (boxes.length < selected.length)
          messages.say(
            `${countOf(selected.length - boxes.length, 'object')} with an outline left as they are`,
          )
      },
    )
  /** Objects that one step may change together: labels, no guesses of a model. */
  const areStored = (selected: readonly ProjectAnnotation[]) =>
    editor.image.storedAmong(selected.map(({ id }) => id)).length === selected.length

  return [
    ofBoxes('rectangle', 'Turn box into rectangle outline', [], rectangleRing),
    ofBoxes('ellipse', 'Turn box into ellipse outline', ['Shift+p'], (box) =>
      ellipseRing(box, ELLIPSE_VERTICES),
    ),
    command(
      'box',
      'Replace outline by its box',
      [],
      (selected) => selected.some(isOutlined),
      (selected) => {
        const outlined = selected.filter(isOutlined)
        const boxes = outlined.map(({ id, box, segmentation }): [number, Shape] => [
          id,
          { box: segmentationBounds(segmentation!) ?? box, segmentation: null, area: null },
        ])
        editor.move(new Map(boxes), 'Replace outline by its box')
      },
    ),
    command(
      'join',
      'Join objects',
      ['Shift+j'],
      (selected) => selected.length > 1 && areStored(selected),
      (selected) => {
        const [first, ...others] = selected
        const joined = all(first!, 'add', others)
        if (!joined) return
        const gone = others.map(({ id }) => id)
        editor.rearrange(new Map([[first!.id, joined]]), gone, [], 'Join objects')
        const classes = new Set(selected.map(({ classId }) => classId))
        const name = studio.classById.get(first!.classId)?.name ?? '?'
        messages.say(
          `${countOf(selected.length, 'object')} joined${classes.size > 1 ? `, all of them ${name} now` : ''}`,
        )
      },
    ),
    command(
      'subtract',
      'Cut the others out of the first selected object',
      ['Shift+k'],
      (selected) => selected.length > 1 && areStored(selected),
      (selected) => {
        const [first, ...others] = selected
        const rest = all(first!, 'cut', others)
        if (rest) editor.move(new Map([[first!.id, rest]]), 'Cut objects')
      },
    ),
    command(
      'split',
      'Split into its parts',
      [],
      ([one, ...others]) =>
        others.length === 0 && one !== undefined && areStored([one]) && pieces(one).length > 1,
      ([one]) => {
        const [first, ...others] = pieces(one!)
        const added = others.map((shape) => ({ ...asDrawn(one!), ...shape }))
        editor.rearrange(new Map([[one!.id, first!]]), [], added, 'Split into parts')
        messages.say(`Split into ${countOf(added.length + 1, 'object')}`)
      },
    ),
    command(
      'simplify',
      'Simplify outline',
      [],
      (selected) => selected.some(isPolygon),
      (selected) => {
        reshape(selected.filter(isPolygon), 'Simplify outline')
      },
    ),
    command(
      'fromMask',
      'Turn mask into outline',
      [],
      (selected) => selected.some(isMask),
      (selected) => {
        reshape(selected.filter(isMask), 'Turn mask into outline')
      },
    ),
    {
      id: 'outline.tolerance',
      title: 'Next tolerance for simplifying',
      group: 'Object',
      enabled: () => editor.image.selected.some(isOutlined),
      run: () => {
        view.tolerance = TOLERANCES[(TOLERANCES.indexOf(view.tolerance) + 1) % TOLERANCES.length]!
        messages.say(`Outlines are simplified within ${view.tolerance} px`)
      },
    },
  ]

  /** A shape with all others added or cut out; null where that cannot be, which is said. */
  function all(first: Shape, change: 'add' | 'cut', others: readonly Shape[]): Shape | null {
    let shape = first
    for (const other of others) {
      const next = combined(shape, change, other)
      if (!next.shape) {
        messages.say(next.reason)
        return null
      }
      shape = next.shape
    }
    return shape
  }

  function reshape(objects: readonly ProjectAnnotation[], label: string): void {
    const size = images.currentRow
    if (!size) return
    let [vertices, least] = [0, 1]
    const shapes = objects.flatMap(({ id, segmentation }) => {
      const simple = simplifySegmentation(segmentation!, view.tolerance, size)
      const shape = simple && shapeOfRings(simple.rings)
      if (!simple || !shape) return []
      vertices += simple.vertices
      least = Math.min(least, simple.iou)
      return [[id, shape] as const]
    })
    if (shapes.length > 0) editor.move(new Map(shapes), label)
    const kept = objects.length - shapes.length
    messages.say(
      `${countOf(vertices, 'vertex', 'vertices')} within ${view.tolerance} px · IoU ${least.toFixed(3)} with what was there` +
        (kept > 0 ? ` · ${countOf(kept, 'object')} with nothing to outline left as they are` : ''),
    )
  }
}

/** What is offered for objects such as these. */
export const outlineMenu = (selected: readonly ProjectAnnotation[]): string[] => [
  ...(selected.some(isBox) ? ['outline.ellipse', 'outline.rectangle'] : []),
  ...(selected.some(isPolygon) ? ['outline.simplify'] : []),
  ...(selected.some(isMask) ? ['outline.fromMask'] : []),
  ...(selected.some(isOutlined) ? ['outline.box'] : []),
  ...(selected.length > 1 ? ['outline.join', 'outline.subtract'] : []),
  ...(selected.length === 1 && selected.some(isOutlined) ? ['outline.split'] : []),
]

/** px */
export const TOLERANCES = [0.25, 0.5, 1, 2, 4, 8]

const isBox = ({ segmentation }: ProjectAnnotation): boolean => segmentation === null
const isOutlined = ({ segmentation }: ProjectAnnotation): boolean => segmentation !== null
const isPolygon = ({ segmentation }: ProjectAnnotation): boolean => isPolygons(segmentation)
const isMask = (one: ProjectAnnotation): boolean => isOutlined(one) && !isPolygon(one)

/** Every part of an object as a shape of its own; one for a box. */
const pieces = (one: ProjectAnnotation): Shape[] =>
  one.segmentation === null
    ? [one]
    : partsOfAny(one).flatMap((part) => shapeOfRings(storedRings([part])) ?? [])
