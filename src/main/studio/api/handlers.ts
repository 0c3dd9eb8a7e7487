/** The handlers of all methods of the contract, by area. */
import type { MethodName, ParsedParams, Result, STUDIO_METHODS } from '../../../core/contract/studio.ts'
import type { StudioHost } from './host.ts'

type Handler<Name extends MethodName> = (
  host: StudioHost,
  params: ParsedParams<Name>,
) => Result<Name> | Promise<Result<Name>>

/** The handlers of one area, such as `Handlers<keyof typeof LABEL_METHODS>`. */
export type Handlers<Names extends MethodName = keyof typeof STUDIO_METHODS> = {
  readonly [Name in Names]: Handler<Name>
}
