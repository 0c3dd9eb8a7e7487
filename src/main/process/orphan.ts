/** Milliseconds between checks. */
const LOOK = 250

/** Calls `then` once, when this process's parent, given by its id, has exited. */
export function whenOrphaned(parent: number, then: () => void): void {
  const timer = setInterval(() => {
    if (!isGone(parent)) return
    clearInterval(timer)
    then()
  }, LOOK)
  timer.unref()
}

function isGone(parent: number): boolean {
  // Except on Windows, an orphan gets a new parent, and the id may soon be reused.
  if (process.platform !== 'win32') return process.ppid !== parent
  try {
    return !process.kill(parent, 0)
  } catch {
    return true
  }
}
