import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { CodedError } from '../../../../src/core/errors.ts'
import { serve } from '../../../../src/main/studio/api/connection.ts'
import { scratch } from '../../../support/scratch.ts'
import { connect, ended, memoryChannels, SAMPLE, studioHost } from '../../../support/studio.ts'

describe('a window and the studio', () => {
  test('open the sample, draw, undo, and export over the wire', async () => {
    const client = connect(await studioHost())
    const steps: unknown[] = []
    client.on('step', (step) => steps.push(step))

    const opened = await client.call('project.openSample', {})
    expect(opened).toMatchObject({ images: 60, readOnly: null, byState: { done: 60, new: 0 }, undo: null })
    expect(opened.bySplit.train + opened.bySplit.val).toBe(60)
    const classes = await client.call('classes.list', {})
    expect(classes.map(({ name }) => name).sort()).toEqual(['die', 'marble', 'pawn'])
    expect(classes.reduce((sum, { labels }) => sum + labels, 0)).toBe(opened.labels)

    const { ids } = await client.call('images.find', { query: 'split:val class:die' })
    const image = ids[0]!
    const before = await client.call('annotations.of', { image })
    const added = await client.call('annotations.add', {
      image,
      annotations: [{ classId: classes[0]!.id, box: [1.25, 2, 30, 40], source: 'drawn' }],
    })
    expect(steps).toEqual([
      { label: 'Add boxes', images: [image], classes: false, undo: 'Add boxes', redo: null },
    ])
    const after = await client.call('annotations.of', { image })
    expect(after.at(-1)).toMatchObject({ id: added.ids[0], box: [1.25, 2, 30, 40], source: 'drawn' })
    expect((await client.call('project.summary', {}))?.undo).toBe('Add boxes')
    await client.call('history.undo', {})
    expect(await client.call('annotations.of', { image })).toEqual(before)

    const out = join(await scratch(), 'labels.json')
    const job = await client.call('project.export', {
      format: 'coco',
      out,
      query: 'split:val',
      copyImages: false,
      overwrite: false,
    })
    expect(await ended(client, job)).toMatchObject({ state: 'done', result: { files: 1 } })
    const again = await client.call('project.export', {
      format: 'coco',
      out,
      query: '',
      copyImages: false,
      overwrite: false,
    })
    expect(await ended(client, again)).toMatchObject({ state: 'failed', error: { code: 'DATA_EXISTS' } })
  })

  test('a folder becomes a project, is scanned, and is remembered', async () => {
    const client = connect(await studioHost())
    const folder = await scratch()
    await mkdir(join(folder, 'a b'))
    await writeFile(join(folder, 'a b', 'broken.jpg'), 'no picture')
    await client.call('project.open', { path: folder })
    const [job] = await client.call('jobs.list', {})
    expect(await ended(client, { job: job!.id })).toMatchObject({ kind: 'project.scan', state: 'done' })
    expect(await client.call('project.summary', {})).toMatchObject({ images: 1, errors: 1 })
    expect(await client.call('recent.list', {})).toMatchObject([{ path: folder, exists: true }])
    await client.call('project.close', {})
    expect(await client.call('project.summary', {})).toBeNull()
    await rm(folder, { recursive: true })
    expect(await client.call('recent.list', {})).toMatchObject([{ exists: false }])
  })

  test('importing by job, dry at first', async () => {
    const client = connect(await studioHost())
    const folder = await scratch()
    await client.call('project.create', { folder, imageRoot: join(SAMPLE, 'images') })
    for (const { id } of await client.call('jobs.list', {})) await ended(client, { job: id })
    const path = join(SAMPLE, 'val.json')
    const dry = await ended(client, await client.call('project.import', { path, dryRun: true }))
    expect((await client.call('project.summary', {}))?.labels).toBe(0)
    const wet = await ended(client, await client.call('project.import', { path, dryRun: false }))
    expect(wet.result).toEqual(dry.result)
    expect((await client.call('project.summary', {}))?.labels).toBe((wet.result as { boxes: number }).boxes)
  })
})

describe('what a window must not get away with', () => {
  const refused = async (method: string, params: unknown): Promise<CodedError> => {
    const client = connect(await studioHost())
    return client.call(method as 'app.info', params as Record<string, never>).then(
      () => expect.unreachable(),
      (error: CodedError) => error,
    )
  }

  test.each([
    ['no.such', {}],
    ['__proto__', {}],
    ['constructor', {}],
    ['images.find', { query: 7 }],
    ['images.find', { query: '', more: 1 }],
    ['images.list', { ids: [-1] }],
    ['settings.set', { key: '__proto__', value: {} }],
    ['annotations.add', { image: 1, annotations: [] }],
    ['annotations.add', { image: 1, annotations: [{ classId: 1, box: [0, 0, 1], source: 'drawn' }] }],
    ['annotations.add', { image: 1, annotations: [{ classId: 1, box: [0, 0, 1, null], source: 'drawn' }] }],
  ])('%s %j is refused', async (method, params) => {
    expect(await refused(method, params)).toMatchObject({ code: 'USAGE_REQUEST' })
  })

  test('calls that need a project say so', async () => {
    expect(await refused('images.find', { query: '' })).toMatchObject({ code: 'USAGE_NO_PROJECT' })
  })

  test.each(['', 'x', '[]', '{"id":"1","method":"app.info","params":{}}', `"${'x'.repeat(2 ** 24)}"`])(
    'a message that is no call ends the connection (%#)',
    async (text) => {
      const host = await studioHost()
      const [window, studio] = memoryChannels()
      serve(host, studio)
      const closed = new Promise<void>((resolve) => {
        window.onClose = resolve
      })
      window.send(text)
      await closed
    },
  )
})
