/** `fcos serve` as a user runs it, with the window that it builds where need be. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
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

describe.skipIf(process.platform !== 'linux')('what opens', () => {
  /** Runs until the first line is out; `programs` are scripts that come before those of the system. */
  async function firstLines(args: string[], display: string, programs: Record<string, string>) {
    const folder = await scratch()
    for (const [name, script] of Object.entries(programs))
      await writeFile(join(folder, name), script, { mode: 0o755 })
    const { WAYLAND_DISPLAY: _, ...others } = process.env
    const env = { ...others, DISPLAY: display, FCOS_HOME: folder, PATH: `${folder}:${process.env.PATH}` }
    const child = spawn(process.execPath, [FCOS, ...args, '--json'], { env })
    onTestFinished(() => void child.kill('SIGKILL'))
    const errors = text(child.stderr)
    const [line] = await once(child.stdout, 'data')
    const end = async (): Promise<string> => {
      child.kill('SIGTERM')
      expect(await once(child, 'exit')).toEqual([0, null])
      return errors
    }
    return { folder, url: new URL(JSON.parse(line).url), end }
  }

  test('the browser gets an address that is good for one visit', async () => {
    const opener =
      '#!/bin/sh\necho "$@" > "$FCOS_HOME/opened.tmp" && mv "$FCOS_HOME/opened.tmp" "$FCOS_HOME/opened"\n'
    const { folder, url, end } = await firstLines(['serve'], ':0', { 'xdg-open': opener })
    const file = join(folder, 'opened')
    await expect.poll(() => existsSync(file), { timeout: 10_000 }).toBe(true)
    const opened = new URL((await readFile(file, 'utf8')).trim())
    expect(opened.origin).toBe(url.origin)
    expect(opened.search).not.toBe(url.search)
    expect((await ask(Number(opened.port), `/${opened.search}`)).status).toBe(200)
    expect((await ask(Number(opened.port), `/${opened.search}`)).status).toBe(403)
    expect((await ask(Number(opened.port), `/${url.search}`)).status).toBe(200)
    await end()
  }, 120_000)

  test('fcos start serves the sample where there is no display, and says so', async () => {
    const { url, end } = await firstLines(['start'], '', {})
    const window = await openWindow(Number(url.port), await visit(url.href))
    expect(await window.call('project.summary', {})).toMatchObject({
      name: 'sample',
      images: 60,
      readOnly: null,
    })
    expect(await end()).toContain('There is no display: the studio runs in the browser\n')
  }, 120_000)
})
