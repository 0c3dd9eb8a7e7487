/** The desktop window's shell as the page calls it. */
import type { DesktopMethod, DesktopParams, DesktopResult } from '../../core/contract/desktop.ts'
import type { DesktopBridge } from '../../core/contract/desktop-bridge.ts'
import { fromWire } from '../../core/errors.ts'

/** What the preload script has put there; undefined in a browser. */
export const bridge = (window as { readonly desktop?: DesktopBridge }).desktop

/** Rejects with a CodedError. */
export async function callDesktop<Name extends DesktopMethod>(
  to: DesktopBridge,
  name: Name,
  params: DesktopParams<Name>,
): Promise<DesktopResult<Name>> {
  const answer = await to.call(name, params)
  if ('error' in answer) throw fromWire(answer.error)
  return answer.result as DesktopResult<Name>
}
