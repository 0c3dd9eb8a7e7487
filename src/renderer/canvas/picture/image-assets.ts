/** The pictures the studio's server hands out (core/contract/image-assets.ts), fetched and decoded. */
import type { ImageInfo } from '../../../core/contract/image-assets.ts'

/** Values shown as black and white of a picture of more than 8 bits. */
export interface DepthWindow {
  readonly low: number
  readonly high: number
}

const query = (window: DepthWindow | null) => (window ? `?low=${window.low}&high=${window.high}` : '')

export const infoUrl = (id: number): string => `/asset/image/${id}/info`
export const overviewUrl = (id: number): string => `/asset/image/${id}/overview`
export const thumbnailUrl = (id: number): string => `/asset/thumbnail/${id}`
export const wholeUrl = (id: number, window: DepthWindow | null): string =>
  `/asset/image/${id}/whole${query(window)}`
export const tileUrl = (
  id: number,
  level: number,
  column: number,
  row: number,
  window: DepthWindow | null,
): string => `/asset/image/${id}/tile/${level}/${column}/${row}${query(window)}`

async function fetched(url: string, signal: AbortSignal): Promise<Response> {
  const response = await fetch(url, { signal })
  if (!response.ok) throw new Error(`${response.status} for ${url}`)
  return response
}

export async function fetchInfo(id: number, signal: AbortSignal): Promise<ImageInfo> {
  return (await fetched(infoUrl(id), signal)).json()
}

/** For small pictures; they are decoded off the main thread. */
export async function fetchBitmap(url: string, signal: AbortSignal): Promise<ImageBitmap> {
  const blob = await (await fetched(url, signal)).blob()
  return createImageBitmap(blob)
}
