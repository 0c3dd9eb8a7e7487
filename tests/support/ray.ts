/** A Ray cluster of one machine, for a test. */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import { PROGRAM, pythonEnvironment } from '../../src/main/jobs/python.ts'
import { RayCluster } from '../../src/main/jobs/ray.ts'
import { startGroup } from '../../src/main/process/run.ts'
import { jobPython } from './job-runs.ts'

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })

export interface Head {
  readonly address: string
  stop(): Promise<void>
}

/** Starts `ray start --head`, with a token, and waits until it answers. On a busy machine Ray may give up: it is tried again. */
export async function startRay(token: string, env: NodeJS.ProcessEnv = {}, tries = 3): Promise<Head> {
  // Ray's sockets have paths, which may not be long.
  const folder = mkdtempSync('/tmp/fr-')
  // Ports of its own, since another cluster may run on this machine.
  const [port, dashboard, agent, clients] = await Promise.all([1, 2, 3, 4].map(freePort))
  const ray = path.join(path.dirname(jobPython), 'ray')
  const options = {
    ...{ port, 'dashboard-port': dashboard, 'dashboard-host': '127.0.0.1', 'node-ip-address': '127.0.0.1' },
    ...{ 'dashboard-agent-listen-port': agent, 'ray-client-server-port': clients },
    ...{ 'num-cpus': 4, 'object-store-memory': 200_000_000, 'temp-dir': folder, 'include-dashboard': true },
  }
  const args = Object.entries(options).map(([name, value]) => `--${name}=${value}`)
  let output = ''
  const group = startGroup(ray, ['start', '--head', '--block', '--disable-usage-stats', ...args], {
    env: pythonEnvironment(PROGRAM, {
      ...{ RAY_AUTH_MODE: 'token', RAY_AUTH_TOKEN: token, OMP_NUM_THREADS: '1', OMP_WAIT_POLICY: 'passive' },
      // The programs of a job are those of this Python.
      PATH: `${path.dirname(jobPython)}${path.delimiter}${process.env.PATH}`,
      ...env,
    }),
    onOutput: (text) => {
      output += text
    },
  })
  let isOver = false
  void group.ended.then(() => {
    isOver = true
  })
  const stop = async (): Promise<void> => {
    group.kill()
    await group.ended
    rmSync(folder, { recursive: true, force: true })
  }
  const address = `http://127.0.0.1:${dashboard}`
  process.env.RAY_AUTH_TOKEN = token
  for (const until = Date.now() + 240_000; ; ) {
    try {
      await new RayCluster(address).version()
      return { address: `ray+${address}`, stop }
    } catch (error) {
      if (isOver || Date.now() > until) {
        await stop()
        if (isOver && tries > 1) return startRay(token, env, tries - 1)
        throw new Error(`Ray did not start: ${output.slice(-2000)}`, { cause: error })
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 1000))
  }
}
