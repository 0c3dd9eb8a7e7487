/** The one origin that windows show: pages, pictures and the calls behind them come from nowhere else. */

export const SCHEME = 'app'
const HOST = 'studio'
export const ORIGIN = `${SCHEME}://${HOST}`

export function isOurs(url: string): boolean {
  const parsed = URL.parse(url)
  return parsed !== null && parsed.protocol === `${SCHEME}:` && parsed.host === HOST
}
