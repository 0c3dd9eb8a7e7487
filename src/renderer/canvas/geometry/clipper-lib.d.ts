/** The part of clipper-lib 6.4.2 that the canvas uses. The package has no types of its own. */
declare module 'clipper-lib' {
  export interface IntPoint {
    readonly X: number
    readonly Y: number
  }
  export type Path = IntPoint[]

  export class Clipper {
    static readonly ioStrictlySimple: number
    constructor(options: number)
    /** Positive for outlines, negative for holes. */
    static Area(path: Path): number
    AddPaths(paths: readonly Path[], type: number, isClosed: true): boolean
    Execute(type: number, solution: Path[], subjectFill: number, clipFill: number): boolean
  }

  export const ClipType: { readonly ctIntersection: 0; readonly ctUnion: 1; readonly ctDifference: 2 }
  export const PolyType: { readonly ptSubject: 0; readonly ptClip: 1 }
  export const PolyFillType: { readonly pftEvenOdd: 0; readonly pftNonZero: 1 }
}
