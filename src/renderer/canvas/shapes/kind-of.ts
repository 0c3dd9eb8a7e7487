import type { Shape } from '../../../core/geometry/shape.ts'
import { boxKind } from './box-kind.ts'
import { outlineKind } from './outline-kind.ts'
import type { ShapeKind } from './shape-kind.ts'

export const kindOf = ({ segmentation }: Pick<Shape, 'segmentation'>): ShapeKind =>
  segmentation === null ? boxKind : outlineKind
