/** Folders for the time of one task, in the system's folder for temporary files. */
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'

/** Containers may share the system's folder, but not the numbers of processes. */
const HOST = createHash('sha256').update(hostname()).digest('hex').slice(0, 8)
const NAME = new RegExp(`^fcos-[a-z]+-${HOST}-(\\d+)-\\w+$`)

/**
 * Whoever makes the folder removes it. A process that is killed cannot; its folders, which may hold a copy of a large image or the
 * frames of a video, are removed when the next one is made.
 *
 * @param kind lower-case letters; part of the name.
 */
export async function temporaryFolder(kind: string): Promise<string> {
  await removeThoseOfDeadProcesses()
  return mkdtemp(join(tmpdir(), `fcos-${kind}-${HOST}-${process.pid}-`))
}

async function removeThoseOfDeadProcesses(): Promise<void> {
  for (const name of await readdir(tmpdir()).catch(() => [])) {
    const pid = Number(NAME.exec(name)?.[1])
    // Another user's folder stays.
    if (pid > 0 && !isRunning(pid))
      await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => {})
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}
