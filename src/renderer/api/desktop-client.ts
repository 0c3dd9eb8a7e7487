/** The page's calls to the shell of a desktop window. */
import type { DesktopMethod, DesktopParams, DesktopResult } from '../../core/contract/desktop.ts'
import type { DesktopBridge } from '../../core/contract/desktop-bridge.ts'
import { fromWire } from '../../core/errors.ts'

/** Set by the preload script; undefined in a browser. */
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
