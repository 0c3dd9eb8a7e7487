/** Milliseconds between looks. */
const LOOK = 250

/** Calls `then` once, when the process with the given id has gone, whose child this one is. */
export function whenOrphaned(parent: number, then: () => void): void {
  const timer = setInterval(() => {
    if (!isGone(parent)) return
    clearInterval(timer)
    then()
  }, LOOK)
  timer.unref()
}

function isGone(parent: number): boolean {
  // Elsewhere than on Windows an orphan gets another parent, and the id may soon be another process's.
  if (process.platform !== 'win32') return process.ppid !== parent
  try {
    return !process.kill(parent, 0)
  } catch {
    return true
  }
}
