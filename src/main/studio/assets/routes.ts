/** The addresses under /asset/. */
import { CodedError } from '../../../core/errors.ts'
import type { TileAddress } from '../../images/pyramid.ts'
import type { Window } from '../../images/samples.ts'

export interface TileRoute {
  readonly id: number
  readonly what: 'tile'
  readonly address: TileAddress
}

export type Route =
  | TileRoute
  | { readonly id: number; readonly what: 'info' | 'whole' | 'overview' | 'thumbnail' }

const IMAGE = /^\/asset\/image\/([1-9]\d{0,14})\/(info|whole|overview)$/
const TILE = /^\/asset\/image\/([1-9]\d{0,14})\/tile\/(\d{1,2})\/(\d{1,6})\/(\d{1,6})$/
const THUMBNAIL = /^\/asset\/thumbnail\/([1-9]\d{0,14})$/

/** Throws USAGE_ADDRESS. */
export function parseRoute(path: string): Route {
  const image = IMAGE.exec(path)
  if (image) return { id: Number(image[1]), what: image[2] as 'info' | 'whole' | 'overview' }
  const tile = TILE.exec(path)
  if (tile) {
    const [id, level, column, row] = tile.slice(1).map(Number) as [number, number, number, number]
    return { id, what: 'tile', address: { level, column, row } }
  }
  const thumbnail = THUMBNAIL.exec(path)
  if (thumbnail) return { id: Number(thumbnail[1]), what: 'thumbnail' }
  throw new CodedError('USAGE_ADDRESS', 'There is nothing at this address')
}

/** Undefined where the query names none. Throws USAGE_WINDOW. */
export function parseWindow(query: URLSearchParams): Window | undefined {
  const [low, high] = [query.get('low'), query.get('high')]
  if (low === null && high === null) return undefined
  const window = { low: Number(low || NaN), high: Number(high || NaN) }
  if (Number.isFinite(window.low) && Number.isFinite(window.high) && window.low < window.high) return window
  throw new CodedError('USAGE_WINDOW', 'low and high are two numbers, the first less than the second')
}
