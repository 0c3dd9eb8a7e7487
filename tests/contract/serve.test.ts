/** The browser shell's server on the real studio: what browsers get from it, and what others do not. */
import { once } from 'node:events'
import { chmodSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import type { WebSocket } from 'ws'
import { LONGEST_MESSAGE } from '../../src/core/contract/wire.ts'
import { KeptLogin } from '../../src/main/web/kept-login.ts'
import { openServer, type StudioServer } from '../../src/main/web/server.ts'
import { lay, scratch } from '../support/scratch.ts'
import { studioHost } from '../support/studio.ts'
import { ask, askRaw, openSocket, openWindow, visit } from '../support/web-client.ts'

const SCRIPT = 'assets/index-Ab12.js'

async function start(): Promise<StudioServer> {
  const folder = await scratch()
  await lay(folder, {
    'secret.txt': 'secret',
    'renderer/index.html': '<!doctype html><title>FCOS Studio</title>',
    [`renderer/${SCRIPT}`]: 'export {}',
  })
  return openServer({ host: await studioHost(), pagesFolder: join(folder, 'renderer'), port: 0 })
}

async function pages(): Promise<string> {
  const folder = await scratch()
  await lay(folder, { 'index.html': '<!doctype html><title>FCOS Studio</title>' })
  return folder
}

let server: StudioServer
let port: number
let cookie: string

beforeEach(async () => {
  server = await start()
  port = server.port
  cookie = await visit(server.url)
  return () => server.close()
})

describe('a browser', () => {
  test('exchanges the token of the printed address for a cookie and gets the window', async () => {
    expect(new URL(server.url).searchParams.get('token')!.length * 6).toBeGreaterThanOrEqual(128)
    const { pathname, search } = new URL(server.url)
    const first = await ask(port, pathname + search)
    expect(first.status).toBe(200)
    expect(first.headers['set-cookie']).toEqual([
      expect.stringMatching(/^fcos-\d+=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/),
    ])
    expect(first.headers['cache-control']).toBe('no-store')
    expect(first.body).toContain('url=/')
    expect(first.body).not.toContain('secret')

    const page = await ask(port, '/', { cookie })
    expect(page).toMatchObject({ status: 200, body: expect.stringContaining('<title>FCOS Studio') })
    expect(page.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
    })
    const policy = page.headers['content-security-policy']
    expect(policy).toContain(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:",
    )
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toMatch(/unsafe|\*/)

    const again = await ask(port, '/', { cookie, 'if-none-match': page.headers.etag! })
    expect(again).toMatchObject({ status: 304, body: '' })
    const script = await ask(port, `/${SCRIPT}`, { cookie })
    expect(script.headers['content-type']).toBe('text/javascript; charset=utf-8')
    expect(script.headers['cache-control']).toContain('immutable')
  })

  test('that the studio opened itself used its key up', async () => {
    const { pathname, search } = new URL(server.ticketUrl())
    expect((await ask(port, pathname + search)).status).toBe(200)
    expect((await ask(port, pathname + search)).status).toBe(403)
  })

  test('gets pictures of the open project, by id', async () => {
    const client = await openWindow(port, cookie)
    expect((await ask(port, '/asset/thumbnail/1', { cookie })).status).toBe(404)
    await client.call('project.openSample', {})
    const { ids } = await client.call('images.find', { query: '' })
    const picture = await ask(port, `/asset/thumbnail/${ids[0]}`, { cookie })
    expect(picture.status).toBe(200)
    expect(picture.headers['content-type']).toBe('image/jpeg')
    const etag = picture.headers.etag!
    expect((await ask(port, `/asset/thumbnail/${ids[0]}`, { cookie, 'if-none-match': etag })).status).toBe(
      304,
    )
    const whole = await ask(port, `/asset/image/${ids[0]}/whole`, { cookie })
    expect(whole.headers).toMatchObject({ 'content-type': 'image/jpeg', 'x-content-type-options': 'nosniff' })
    expect(whole.body.length).toBeGreaterThan(picture.body.length)
  })

  test('sees in one window what another does', async () => {
    const [one, other] = [await openWindow(port, cookie), await openWindow(port, cookie)]
    await one.call('project.openSample', {})
    const [image] = (await other.call('images.find', { query: '' })).ids
    const [entry] = await other.call('classes.list', {})
    const step = new Promise((resolve) => other.on('step', resolve))
    const { ids } = await one.call('annotations.add', {
      image: image!,
      annotations: [{ classId: entry!.id, box: [1, 2, 30, 40], source: 'drawn' }],
    })
    expect(await step).toMatchObject({ label: 'Add boxes', images: [image], classes: false })
    const undone = new Promise((resolve) => one.on('step', resolve))
    await other.call('history.undo', {})
    expect(await undone).toMatchObject({ images: [image] })
    expect((await one.call('annotations.of', { image: image! })).map(({ id }) => id)).not.toContain(ids[0])
  })
})

describe('who is not let in', () => {
  test.each(['evil.example', 'evil.example:PORT', '127.0.0.1', '127.0.0.1:1', '127.0.0.1.evil.example:PORT'])(
    'a request to the host %j: a name that was made to point here',
    async (name) => {
      const host = name.replace('PORT', String(port))
      const { pathname, search } = new URL(server.url)
      expect((await ask(port, pathname + search, { host })).status).toBe(403)
      expect((await ask(port, '/', { host, cookie })).status).toBe(403)
      expect(await openSocket(port, { host, cookie, origin: `http://${host}` })).toBe(403)
    },
  )

  test('a request to no host', async () => {
    expect(
      await askRaw(port, `GET / HTTP/1.1\r\nHost:\r\nCookie: ${cookie}\r\nConnection: close\r\n\r\n`),
    ).toBe(403)
    expect(await askRaw(port, `GET / HTTP/1.0\r\nCookie: ${cookie}\r\n\r\n`)).toBe(403)
  })

  test('localhost is our name too', async () => {
    const host = `localhost:${port}`
    expect((await ask(port, '/', { host, cookie })).status).toBe(200)
    expect(await openSocket(port, { host, cookie, origin: `http://${host}` })).toBeTypeOf('object')
  })

  test.each([
    'http://evil.example',
    'null',
    'http://127.0.0.1:1',
    'https://127.0.0.1:PORT',
    'http://localhost:PORT',
    '',
  ])('a WebSocket of a page of %j', async (origin) => {
    expect(await openSocket(port, { cookie, origin: origin.replace('PORT', String(port)) })).toBe(403)
  })

  test.each([
    ['no cookie', {}],
    ['a wrong one', { cookie: 'fcos-PORT=wrong' }],
    ["another server's", { cookie: `fcos-1=${'A'.repeat(43)}` }],
  ])('a visitor with %s', async (_case, { cookie: given }: { cookie?: string }) => {
    const headers = given ? { cookie: given.replace('PORT', String(port)) } : {}
    for (const path of ['/', `/${SCRIPT}`, '/asset/thumbnail/1'])
      expect((await ask(port, path, headers)).status).toBe(401)
    expect(await openSocket(port, headers)).toBe(401)
  })

  test('a visitor with a wrong token', async () => {
    for (const token of ['', 'x', 'A'.repeat(43)]) {
      const { status, headers } = await ask(port, `/?token=${token}`)
      expect(status).toBe(403)
      expect(headers['set-cookie']).toBeUndefined()
    }
  })

  test.each(['cross-site', 'same-site'])(
    'what a %s page embeds or fetches, even with the cookie',
    async (site) => {
      const fetched = {
        cookie,
        'sec-fetch-site': site,
        'sec-fetch-mode': 'no-cors',
        'sec-fetch-dest': 'image',
      }
      expect((await ask(port, '/asset/thumbnail/1', fetched)).status).toBe(403)
      const link = {
        cookie,
        'sec-fetch-site': site,
        'sec-fetch-mode': 'navigate',
        'sec-fetch-dest': 'document',
      }
      expect((await ask(port, '/', link)).status).toBe(200)
      const frame = { ...link, 'sec-fetch-dest': 'iframe' }
      expect((await ask(port, '/', frame)).status).toBe(403)
    },
  )

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])('%s', async (method) => {
    expect((await ask(port, '/', { cookie, origin: 'http://evil.example' }, method)).status).toBe(405)
  })
})

describe('paths that lead elsewhere', () => {
  test.each([
    '/../secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e/secret.txt',
    '/%2e%2e%2fsecret.txt',
    '/assets/../../secret.txt',
    '/assets/..%5c..%5csecret.txt',
    '/assets\\..\\..\\secret.txt',
    '//secret.txt',
    '/index.html%00.txt',
    '/index.html%00',
    '/assets',
    '/assets/',
    '/%',
    '/%ff',
    '/__proto__',
    '/constructor',
    '/asset/../../secret.txt',
    '/asset/image/1/../../../secret.txt',
    '/asset/image/..%2f..%2fsecret.txt/whole',
    '/asset/image/%2e%2e%5csecret.txt/whole',
    '/asset/image/1%00/whole',
    '/asset/image/0x1/whole',
    '/asset/thumbnail/-1',
    '/asset/thumbnail/1e3',
    '/asset/thumbnail/99999999999999999999',
    '/asset/__proto__',
  ])('%s', async (path) => {
    const { status, body } = await ask(port, path, { cookie })
    expect(status).toBe(404)
    expect(body).not.toContain('secret')
  })

  test.each([
    ['of a proxy', 'GET http://evil.example/ HTTP/1.1', 400],
    ['without a slash', 'GET * HTTP/1.1', 400],
    ['of a file', 'GET file:///etc/passwd HTTP/1.1', 400],
  ])('the request line %s', async (_case, line, status) => {
    const host = `127.0.0.1:${port}`
    const bytes = `${line}\r\nHost: ${host}\r\nCookie: ${cookie}\r\nConnection: close\r\n\r\n`
    expect(await askRaw(port, bytes)).toBe(status)
  })

  test('nothing but /studio is a WebSocket', async () => {
    for (const path of ['/', '/studio/', '/studio?x', '/Studio'])
      expect(await openSocket(port, { cookie }, path)).toBe(404)
  })
})

describe('messages that are no calls end the connection with a code', () => {
  test.each([
    ['empty', '', 1008],
    ['no JSON', '{"id":1', 1008],
    ['no call', '{"id":1,"method":7,"params":{}}', 1008],
    ['a key too many', '{"id":1,"method":"app.info","params":{},"more":1}', 1008],
    ['deep', '['.repeat(1e6), 1008],
    ['binary', Buffer.from('{}'), 1003],
    ['too long', 'x'.repeat(LONGEST_MESSAGE + 1), 1009],
  ])('%s', async (_case, message, code) => {
    const socket = (await openSocket(port, { cookie })) as WebSocket
    socket.send(message)
    expect((await once(socket, 'close'))[0]).toBe(code)
    const next = await openWindow(port, cookie)
    expect(await next.call('app.info', {})).toMatchObject({ shell: 'browser' })
  })

  test('calls that the schema refuses are answered', async () => {
    const client = await openWindow(port, cookie)
    const calls = [
      ['project.open', { path: 'relative/path' }],
      ['project.open', { path: '/nul\0' }],
      ['project.open', { path: `/${'x'.repeat(5000)}` }],
      ['folders.list', { path: '..' }],
      ['no.such', {}],
    ] as const
    for (const [method, params] of calls)
      await expect(client.call(method as never, params as never)).rejects.toMatchObject({
        code: 'USAGE_REQUEST',
      })
    await expect(client.call('project.open', { path: '/etc/passwd' })).rejects.toMatchObject({
      code: expect.stringMatching(/^DATA_/),
    })
  })
})

test('the number of windows is limited', async () => {
  const sockets = await Promise.all(Array.from({ length: 40 }, () => openSocket(port, { cookie })))
  expect(sockets.filter((socket) => typeof socket === 'object')).toHaveLength(32)
  expect(sockets.filter((socket) => socket === 503)).toHaveLength(8)
})

test('closing tells the windows, ends their calls, and frees the port', async () => {
  const client = await openWindow(port, cookie)
  const socket = (await openSocket(port, { cookie })) as WebSocket
  const closed = once(socket, 'close')
  const gone = new Promise<void>((resolve) => {
    client.onClose = resolve
  })
  await server.close()
  expect((await closed)[0]).toBe(1001)
  await gone
  await expect(client.call('app.info', {})).rejects.toMatchObject({ code: 'IO_STUDIO_GONE' })
  await expect(ask(port, '/')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

test('a port that is taken is an error with a remedy', async () => {
  await expect(
    openServer({ host: await studioHost(), pagesFolder: await scratch(), port }),
  ).rejects.toMatchObject({ code: 'USAGE_PORT' })
})

describe('a restart', () => {
  test('leaves the port and the login of this user, in a file that nobody else can read', async () => {
    const home = await scratch()
    const options = async () => ({
      host: await studioHost(),
      pagesFolder: await pages(),
      login: new KeptLogin(home),
    })
    const first = await openServer(await options())
    const cookie = await visit(first.url)
    const beside = await openServer(await options())
    expect(beside.port).not.toBe(first.port)
    await first.close()
    await beside.close()
    expect(statSync(join(home, 'browser-login.json')).mode & 0o777).toBe(0o600)

    const again = await openServer(await options())
    onTestFinished(() => again.close())
    expect(again.port).toBe(first.port)
    expect((await ask(again.port, '/', { cookie })).status).toBe(200)
    expect(await openSocket(again.port, { cookie })).toBeTypeOf('object')
    // The address of the first start is a way in for who is logged in, and for nobody else.
    const { pathname, search } = new URL(first.url)
    expect((await ask(again.port, pathname + search, { cookie })).status).toBe(200)
    expect((await ask(again.port, pathname + search)).status).toBe(403)
    expect(again.url).not.toBe(first.url)
  })

  test.each([
    ['others may read', (file: string) => chmodSync(file, 0o644)],
    ['is damaged', (file: string) => writeFileSync(file, '{"session": "short"', { mode: 0o600 })],
  ])('a file that %s is not trusted', async (_case, spoil) => {
    const home = await scratch()
    const { session } = new KeptLogin(home)
    const file = join(home, 'browser-login.json')
    spoil(file)
    expect(new KeptLogin(home).session).not.toBe(session)
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })
})
