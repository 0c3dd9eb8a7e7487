/** `fcos serve` as a user runs it, with the window that it builds where need be. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { fcos } from '../support/cli.ts'
import { scratch } from '../support/scratch.ts'
import { SAMPLE } from '../support/studio.ts'
import { ask, openWindow, visit } from '../support/web-client.ts'

const FCOS = fileURLToPath(new URL('../../bin/fcos.mjs', import.meta.url))

test.each(['SIGINT', 'SIGTERM'] as const)(
  'serves a project until %s, and closes it',
  async (signal) => {
    const folder = await scratch()
    await cp(join(SAMPLE, 'images'), join(folder, 'images'), { recursive: true })
    const env = { ...process.env, FCOS_HOME: join(folder, 'home') }
    const child = spawn(process.execPath, [FCOS, 'serve', join(folder, 'images'), '--no-open', '--json'], {
      env,
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    const errors = text(child.stderr)
    const [line] = await Promise.race([
      once(child.stdout, 'data'),
      once(child, 'exit').then(async () => expect.unreachable(await errors)),
    ])
    const { url, port, pid } = JSON.parse(line)
    expect(pid).toBe(child.pid)
    expect(new URL(url)).toMatchObject({ hostname: '127.0.0.1', port: String(port) })

    const cookie = await visit(url)
    const page = (await ask(port, '/', { cookie })).body
    const [script] = /\/assets\/[\w.-]+\.js/.exec(page) ?? expect.unreachable(page)
    expect((await ask(port, script, { cookie })).status).toBe(200)
    const window = await openWindow(port, cookie)
    expect(await window.call('project.summary', {})).toMatchObject({ name: 'images', readOnly: null })
    expect(await window.call('app.info', {})).toMatchObject({ shell: 'browser' })

    const gone = new Promise<void>((resolve) => {
      window.onClose = resolve
    })
    child.kill(signal)
    expect(await once(child, 'exit')).toEqual([0, null])
    await gone
    expect(existsSync(join(folder, 'images', 'project.fcos-wal'))).toBe(false)
    expect(await errors).not.toContain(new URL(url).searchParams.get('token'))
  },
  120_000,
)

test.each([
  ['a folder that is not there', ['/no/such/folder'], 'There is nothing at'],
  ['a port that is none', ['--port', '65536'], '0 to 65535'],
])(
  '%s is wrong usage',
  async (_case, args, message) => {
    const { status, err } = await fcos(['serve', '--no-open', ...args])
    expect({ status, err }).toEqual({ status: 2, err: expect.stringContaining(message) })
  },
  120_000,
)
