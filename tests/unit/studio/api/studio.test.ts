import { mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Caller, EventData } from '../../../../src/core/contract/studio.ts'
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
    // Its run knows the images of this copy: only the scenes that are not bundled are missing.
    const [run] = await client.call('runs.list', {})
    const { changes } = await client.call('runs.detail', { run: run!.id })
    expect(changes).toEqual({ images: [], addedBoxes: 0, removedBoxes: 0, gone: 170 })

    const { ids } = await client.call('images.find', { query: 'split:val class:die' })
    const image = ids[0]!
    const before = await client.call('annotations.of', { image })
    const added = await client.call('annotations.add', {
      image,
      annotations: [{ classId: classes[0]!.id, box: [1.25, 2, 30, 40], source: 'drawn' }],
    })
    expect(steps).toEqual([
      {
        ...{ step: expect.any(Number), label: 'Add boxes', images: [image], classes: false },
        ...{ undo: 'Add boxes', redo: null },
        by: { client: expect.any(String), call: expect.any(Number) },
      },
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

describe('one project, several windows', () => {
  const folderOfImages = async (): Promise<string> => {
    const folder = await scratch()
    await writeFile(join(folder, 'broken.jpg'), 'no picture')
    return folder
  }

  test('opening the project that is open changes nothing, by whatever path it is named', async () => {
    const client = connect(await studioHost())
    const folder = await folderOfImages()
    const link = join(await scratch(), 'link')
    await symlink(folder, link)
    const linkedFile = join(await scratch(), 'elsewhere.fcos')
    const first = await client.call('project.open', { path: folder })
    expect(first.readOnly).toBeNull()
    await symlink(first.path, linkedFile)
    const others = [folder, `${folder}/`, `${folder}/../${basename(folder)}`, first.path, link, linkedFile]
    const jobs = (await client.call('jobs.list', {})).length
    for (const path of others) {
      expect(await client.call('project.open', { path })).toMatchObject({ path: first.path, readOnly: null })
    }
    expect((await client.call('jobs.list', {})).length).toBe(jobs)
    await client.call('classes.add', { name: 'a' })
    await expect(client.call('project.create', { folder, imageRoot: folder })).rejects.toMatchObject({
      code: 'DATA_EXISTS',
    })
    await client.call('project.close', {})
    // The lock lies beside the file itself, so a link to it does not get around it.
    const [one, two] = [connect(await studioHost()), connect(await studioHost())]
    expect((await one.call('project.open', { path: folder })).readOnly).toBeNull()
    expect((await two.call('project.open', { path: linkedFile })).readOnly?.code).toBe('IO_PROJECT_LOCKED')
    await one.call('project.close', {})
    // What could only be read is opened anew.
    expect((await two.call('project.open', { path: folder })).readOnly).toBeNull()
  })

  test('of projects that are opened at once, the last is open and the others are closed', async () => {
    const host = await studioHost()
    const [one, two] = [connect(host), connect(host)]
    const folders = [await folderOfImages(), await folderOfImages(), await folderOfImages()]
    const opened = await Promise.all([
      one.call('project.open', { path: folders[0]! }),
      two.call('project.open', { path: folders[1]! }),
      one.call('project.open', { path: folders[1]! }),
      two.call('project.open', { path: folders[2]! }),
    ])
    expect(opened.map(({ readOnly }) => readOnly)).toEqual([null, null, null, null])
    expect((await one.call('project.summary', {}))?.path).toBe(opened[3]!.path)
    await one.call('project.close', {})
    const other = connect(await studioHost())
    for (const path of folders) {
      expect((await other.call('project.open', { path })).readOnly).toBeNull()
    }
  })

  test('a project that cannot be opened leaves the one before open', async () => {
    const client = connect(await studioHost())
    const { path } = await client.call('project.open', { path: await folderOfImages() })
    await expect(client.call('project.open', { path: '/none/there' })).rejects.toMatchObject({
      code: 'DATA_NOT_FOUND',
    })
    expect((await client.call('project.summary', {}))?.path).toBe(path)
  })

  test('a change tells whose call it is, in every window', async () => {
    const host = await studioHost()
    const [one, two] = [connect(host), connect(host)]
    await one.call('project.open', { path: await folderOfImages() })
    for (const { id } of await one.call('jobs.list', {})) await ended(one, { job: id })
    const { ids } = await one.call('images.find', { query: '' })
    const heard: unknown[] = []
    one.on('step', ({ by }) => heard.push(['one', by]))
    two.on('step', ({ by }) => heard.push(['two', by]))
    const callers: unknown[] = []
    for (const client of [one, two]) {
      const sent = (caller: Caller) => callers.push(caller)
      await client.call('images.setState', { ids, state: client === one ? 'done' : 'ignored' }, sent)
    }
    expect(callers).toHaveLength(2)
    expect(callers[0]).not.toEqual(callers[1])
    expect(heard).toEqual(callers.flatMap((by) => ['one', 'two'].map((window) => [window, by])))
  })

  test('a folder that was renamed while open: one message, nothing written beside the old name, and on at the new', async () => {
    const client = connect(await studioHost())
    const home = await scratch()
    const [folder, renamed] = [join(home, 'before'), join(home, 'after')]
    await mkdir(folder)
    await writeFile(join(folder, 'broken.jpg'), 'no picture')
    await client.call('project.open', { path: folder })
    for (const { id } of await client.call('jobs.list', {})) await ended(client, { job: id })
    await client.call('classes.add', { name: 'kept' })
    await rename(folder, renamed)
    const told: unknown[] = []
    client.on('project', (project) => told.push(project?.readOnly?.code))
    const refusals = [
      client.call('classes.add', { name: 'lost' }),
      client.call('runs.list', {}),
      client.call('evaluation.list', {}),
      client.call('project.scan', {}),
    ]
    for (const refused of await Promise.allSettled(refusals)) {
      expect(refused).toMatchObject({ status: 'rejected', reason: { code: 'IO_PROJECT_MOVED' } })
    }
    expect(told).toEqual(['IO_PROJECT_MOVED'])
    expect(await readdir(home)).toEqual(['after'])
    expect(await client.call('project.open', { path: renamed })).toMatchObject({ readOnly: null })
    expect((await client.call('classes.list', {})).map(({ name }) => name)).toEqual(['kept'])
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

test('the step of a job names the call that started it; a step that another window followed is not undone', async () => {
  const host = await studioHost()
  const [one, other] = [connect(host), connect(host)]
  await one.call('project.create', { folder: await scratch(), imageRoot: SAMPLE })
  for (const { id } of await one.call('jobs.list', {})) await ended(one, { job: id })
  const steps: EventData<'step'>[] = []
  one.on('step', (step) => steps.push(step))
  let caller: Caller | undefined
  const path = join(SAMPLE, 'val.json')
  const params = { path, dryRun: false, keepAbsent: false }
  const job = await one.call('project.import', params, (sent) => {
    caller = sent
  })
  await ended(one, job)
  const imported = steps.at(-1)!
  expect(imported.by).toEqual(caller)
  await other.call('classes.add', { name: 'another' })
  await expect(one.call('history.undo', { step: imported.step })).rejects.toMatchObject({
    code: 'USAGE_STEP',
  })
  expect(host.summary()!.undo).toBe('Add class another')
  await other.call('history.undo', {})
  expect(await one.call('history.undo', { step: imported.step })).toMatchObject({ step: imported.step })
  expect(host.summary()!.labels).toBe(0)
})
