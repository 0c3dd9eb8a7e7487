/** The only origin that windows show. All pages, images and calls come from it. */

export const SCHEME = 'app'
const HOST = 'studio'
export const ORIGIN = `${SCHEME}://${HOST}`

export function isOurs(url: string): boolean {
  const parsed = URL.parse(url)
  return parsed !== null && parsed.protocol === `${SCHEME}:` && parsed.host === HOST
}
