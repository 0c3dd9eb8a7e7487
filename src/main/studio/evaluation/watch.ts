/** How long work is watched and stopped. */
export interface Watch {
  /** The work then throws its reason. */
  readonly signal: AbortSignal
  /** `progress` is a share in [0, 1]. */
  readonly report: (progress: number, detail: string) => void
}
