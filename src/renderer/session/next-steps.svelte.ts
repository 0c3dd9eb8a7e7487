/** What to do next, offered in a bar below every place when a piece of work is done: one offer at a time. */

export interface NextAction {
  /** On the button: "Review". */
  readonly title: string
  /** Id of the command that it runs, or what it does. */
  readonly command: string | (() => void)
}

export interface NextStep {
  /** What is done: "Run 1 is done: AP 0.56. In use now." Reactive. */
  readonly text: () => string
  /** The first is the usual one. */
  readonly actions: readonly NextAction[]
  /** Undoes what was done, for as long as it is the latest step. */
  readonly undo?: (() => void) | undefined
}

export class NextSteps {
  current = $state.raw<NextStep | null>(null)

  show(step: NextStep): void {
    this.current = step
  }

  dismiss(): void {
    this.current = null
  }

  withdrawUndo(): void {
    if (this.current?.undo) this.current = { ...this.current, undo: undefined }
  }
}
