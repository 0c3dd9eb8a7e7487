/** Pieces as they come to rest on the table. */
import type { Random } from '../../../src/core/random.ts'
import { between, pick, randomFinish } from './palette.ts'
import { SHAPES, type ShapeName } from './shapes.ts'
import { cross, normalize, scale, tangents, type Vec3 } from './vec.ts'
import type { Piece } from './world.ts'

const UP: Vec3 = [0, 1, 0]

/** Centimetres per shape unit: half the side of a die, the radius of a marble, half the height of a pawn. */
const SIZES: Record<ShapeName, readonly [number, number]> = {
  die: [0.72, 0.95],
  marble: [0.72, 1.15],
  pawn: [1.5, 2.1],
  draught: [1.3, 1.6],
}

/** A pawn on its side rests on its foot and its ball: the sine of the axis's fall and the height of its middle, in shape units. */
const LYING = { fall: 0.0962, height: 0.385 }

/** Radius of the circle on the table that keeps a resting piece clear of others. */
export const footprintOf = ({ shape, size, axes }: Piece): number =>
  size * (shape === 'die' ? 1.3 : shape === 'pawn' ? (axes[1][1] > 0.9 ? 0.48 : 1.02) : 1.01)

/** A piece of the shape with a random pose and finish, resting on the table above the world's origin. */
export function restingPiece(random: Random, shape: ShapeName): Piece {
  const size = between(random, ...SIZES[shape])
  const turn = between(random, 0, 2 * Math.PI)
  const a: Vec3 = [Math.cos(turn), 0, Math.sin(turn)]
  const b = cross(a, UP)
  const at = (height: number): Vec3 => [0, height * size, 0]
  const common = { shape, size, radius: SHAPES[shape].bound * size, finish: randomFinish(random, shape) }
  switch (shape) {
    case 'die': {
      const up = scale(UP, pick(random, [-1, 1]))
      const axes = pick(random, [
        [up, a, b],
        [a, up, b],
        [a, b, up],
      ] as const)
      return { ...common, centre: at(1), axes }
    }
    case 'marble': {
      const pole = normalize([between(random, -1, 1), between(random, -1, 1), between(random, -1, 1)])
      const [u, v] = tangents(pole)
      return { ...common, centre: at(1), axes: [u, pole, v] }
    }
    case 'pawn': {
      if (random() < 0.8) return { ...common, centre: at(1), axes: [a, UP, b] }
      const axis: Vec3 = normalize([a[0], -LYING.fall, a[2]])
      return { ...common, centre: at(LYING.height), axes: [cross(axis, b), axis, b] }
    }
    case 'draught':
      return { ...common, centre: at(0.24), axes: [a, UP, b] }
  }
}
