/** The studio with the real engine on its own copy of the sample, and runs of it that take seconds. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RunChange, RunPlan, RunState, RunSummary } from '../../src/core/contract/studio/runs.ts'
import type { StudioClient } from '../../src/core/contract/wire.ts'
import { PROJECT } from '../../src/main/setup/binding.ts'
import { createHost } from '../../src/main/studio/api/create-host.ts'
import type { StudioHost } from '../../src/main/studio/api/host.ts'

/** @param folder home and cache of this studio; another one at the same finds what it left */
export function engineHost(folder: string): StudioHost {
  process.env.FCOS_HOME = join(folder, 'home')
  return createHost({ shell: 'browser', root: PROJECT, cacheFolder: join(folder, 'cache') })
}

/** Process ids of the engines of a process, by default this one. */
export const engines = (parent = process.pid): number[] =>
  readdirSync('/proc').flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return []
    try {
      const [, fields] = readFileSync(`/proc/${entry}/stat`, 'utf8').split(') ')
      const isEngine = readFileSync(`/proc/${entry}/cmdline`, 'utf8').includes('src/main/engine/index.ts')
      return isEngine && Number(fields!.split(' ')[1]) === parent ? [Number(entry)] : []
    } catch {
      // It has ended meanwhile.
      return []
    }
  })

/** Ends the engines of a process, as the system does when memory is short. */
export function killEngines(parent = process.pid): void {
  for (const pid of engines(parent)) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended meanwhile.
    }
  }
}

export const QUICK: RunPlan = {
  model: { kind: 'pretrained', architecture: 'lite0' },
  learnFrom: 'train',
  measureWith: 'val',
  overfit: null,
  options: {
    training: { steps: 8, size: 128, batch: 2, saveEvery: 2, evaluateEvery: 4, seed: 5 },
    model: { head: { channels: 16, groups: 4, depth: 1 } },
  },
}

export interface Watched {
  readonly changes: readonly RunChange[]
  /** The first time from now on that the run is in one of these states, or as far as this. */
  until(reached: ((run: RunSummary) => boolean) | RunState): Promise<RunSummary>
}

/** A window that follows runs. */
export function watch(client: StudioClient): Watched {
  const changes: RunChange[] = []
  const waiting = new Set<(run: RunSummary) => void>()
  client.on('run', (change) => {
    changes.push(change)
    for (const look of waiting) look(change.run)
  })
  return {
    changes,
    until: (reached) =>
      new Promise((resolve) => {
        const look = (run: RunSummary): void => {
          if (typeof reached === 'string' ? run.state !== reached : !reached(run)) return
          waiting.delete(look)
          resolve(run)
        }
        waiting.add(look)
      }),
  }
}
