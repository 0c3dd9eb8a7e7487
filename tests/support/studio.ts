/** The studio over the in-memory transport: texts pass as they would on a wire, and every answer is held to its schema. */
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import type { Job } from '../../src/core/contract/studio/jobs.ts'
import { type MethodName, STUDIO_EVENTS, STUDIO_METHODS } from '../../src/core/contract/studio.ts'
import { type Channel, createClient, type StudioClient } from '../../src/core/contract/wire.ts'
import { serve } from '../../src/main/studio/api/connection.ts'
import { StudioHost } from '../../src/main/studio/api/host.ts'
import { scratch } from './scratch.ts'

export const SAMPLE = fileURLToPath(new URL('../../resources/sample/', import.meta.url))

/** Two ends: what one sends the other hears, later and in order. */
export function memoryChannels(): [Channel, Channel] {
  const end = (): Channel => ({ send: () => {}, close: () => {}, onMessage: () => {}, onClose: () => {} })
  const [a, b] = [end(), end()]
  let open = true
  const link = (from: Channel, to: Channel): void => {
    from.send = (text) => open && queueMicrotask(() => open && to.onMessage(text))
    from.close = () => {
      if (!open) return
      open = false
      a.onClose()
      b.onClose()
    }
  }
  link(a, b)
  link(b, a)
  return [a, b]
}

export async function studioHost(): Promise<StudioHost> {
  const folder = await scratch()
  const host = new StudioHost({
    info: () => ({
      version: '0.0.0',
      shell: 'browser',
      platform: 'linux',
      engine: { title: 'none', canTrain: false },
      detection: [],
    }),
    dataFolder: `${folder}/data`,
    cacheFolder: `${folder}/cache`,
    sampleFolder: SAMPLE,
  })
  onTestFinished(() => host.close())
  return host
}

export function connect(host: StudioHost): StudioClient {
  const [window, studio] = memoryChannels()
  serve(host, studio)
  host.subscribe((event, data) => STUDIO_EVENTS[event].parse(data))
  const client = createClient(window)
  return {
    ...client,
    async call(name, params, sent) {
      const result = await client.call(name, params, sent)
      STUDIO_METHODS[name as MethodName].result.parse(result)
      return result
    },
  }
}

/** The job when it has ended. */
export async function ended(client: StudioClient, { job: id }: { job: number }): Promise<Job> {
  for (;;) {
    const job = (await client.call('jobs.list', {})).find((entry) => entry.id === id)
    if (job && job.state !== 'running') return job
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
