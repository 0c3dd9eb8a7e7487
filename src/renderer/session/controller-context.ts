/** The part of the studio that controllers use: calls, messages, and whether editing is allowed. */
import type { ProjectSummary } from '../../core/contract/studio/project.ts'
import type { Result } from '../../core/contract/studio.ts'
import type { StudioClient } from '../../core/contract/wire.ts'
import type { Messages } from './messages.svelte.ts'

export type ClassEntry = Result<'classes.list'>[number]

/** The studio's calls and events, limited to one project. */
export type ProjectClient = Pick<StudioClient, 'call' | 'on'>

export interface Context {
  readonly client: ProjectClient
  readonly messages: Messages
  /** Reactive; null while no project is open. */
  readonly project: ProjectSummary | null
  readonly canEdit: boolean
  /** In the user's order. */
  readonly classes: readonly ClassEntry[]
  readonly classById: ReadonlyMap<number, ClassEntry>
  /** Runs a call and shows its error instead of throwing it; resolves to undefined then. */
  attempt<T>(work: Promise<T>): Promise<T | undefined>
}
