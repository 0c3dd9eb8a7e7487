/** What Train, Report and Export say of one project: the same images and boxes, whatever is in it. */
import { rm, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import type { ExportResult } from '../../../../src/core/contract/studio/project.ts'
import type { ReportInspection } from '../../../../src/core/contract/studio/report.ts'
import type { StudioClient } from '../../../../src/core/contract/wire.ts'
import { DIALECTS } from '../../../../src/core/detectors/fcos/config.ts'
import { LABELLED_IMAGES } from '../../../../src/core/project/model.ts'
import type { StudioHost } from '../../../../src/main/studio/api/host.ts'
import { connect, ended, studioHost } from '../../../support/studio.ts'

const setting = { input: { shortSide: 416, longSide: 416 }, rules: DIALECTS.authors }

async function counted(host: StudioHost, client: StudioClient) {
  const proposal = await client.call('runs.propose', {
    model: { kind: 'pretrained', architecture: 'lite0' },
    ...{ learnFrom: null, measureWith: null, overfit: null, options: {} },
  })
  const report = (await ended(client, await client.call('report.inspect', { setting, split: null })))
    .result as unknown as ReportInspection
  const params = { format: 'coco', out: null, copyImages: false, overwrite: false } as const
  const exported = async (query: string) =>
    (await ended(client, await client.call('project.export', { ...params, query })))
      .result as unknown as ExportResult
  return {
    proposal,
    report,
    labelled: await exported(LABELLED_IMAGES),
    all: await exported('-state:ignored'),
    summary: host.summary()!,
  }
}

test('images without files or labels, new ones, proposals and crowds count alike everywhere', async () => {
  const host = await studioHost()
  const client = connect(host)
  await client.call('project.openSample', {})
  const { project } = host
  const [gone, broken, empty, fresh, proposed, crowd, ignored] = project.find('-count:0') as [
    number,
    ...number[],
  ]
  const labelsOf = (image: number): number => project.annotations.of(image).length
  await rm(project.fileOf(gone))
  await writeFile(project.fileOf(broken!), 'no picture any more')
  project.annotations.remove(project.annotations.of(empty!).map(({ id }) => id))
  project.images.setState([fresh!], 'new')
  const { classId, box } = project.annotations.of(proposed!)[0]!
  project.annotations.add(proposed!, [{ classId, box, source: 'proposed', score: 0.5 }])
  project.annotations.update(project.annotations.of(crowd!)[0]!.id, { crowd: true })
  project.images.setState([ignored!], 'ignored')
  const unread = labelsOf(gone) + labelsOf(broken!)

  // Nothing has looked for the files since; the first picture that is asked for tells.
  for (const image of [gone, broken!]) {
    const { status } = await host.respond(`/asset/thumbnail/${image}`, new URLSearchParams())
    expect(status).toBeGreaterThanOrEqual(400)
  }
  expect(project.images.list([gone, broken!]).map(({ error }) => error)).toEqual([
    'the file is gone',
    expect.stringContaining('not an image'),
  ])

  const { proposal, report, labelled, all, summary } = await counted(host, client)
  const boxes = summary.labels - unread - labelsOf(fresh!) - labelsOf(ignored!) - 1
  expect(proposal.images.training).toBe(60 - 4)
  expect(report).toMatchObject({ images: 56, leftOut: 2, recall: { boxes }, crowds: 1 })
  expect(labelled).toMatchObject({ images: 56, unreadableImages: 0, boxes: boxes + 1, crowds: 1 })
  expect(summary).toMatchObject({ images: 60, labelledImages: 56, errors: 2, proposals: 1 })
  expect(proposal.recall.boxes).toBe(boxes)
  expect(proposal.perClass.reduce((sum, { training }) => sum + training, 0)).toBe(boxes)
  expect(report.perCategory.map((one) => one.boxes)).toEqual(
    proposal.perClass.map(({ training }) => training),
  )
  expect(report.imagesWithoutBoxes).toBe(project.find(`${LABELLED_IMAGES} count:0`).length)
  expect(proposal.warnings).toContainEqual({
    kind: 'unreadable',
    message: '2 labelled images are left out because their files cannot be read. The labels are kept',
    query: 'state:in-progress,done has:error',
  })
  // The labels of files that cannot be read are no less worth keeping.
  expect(all).toMatchObject({ images: 59, unreadableImages: 2 })
  expect(all.boxes).toBe(summary.labels - labelsOf(ignored!))
})

test('a file that comes back is read anew by the next scan', async () => {
  const host = await studioHost()
  const client = connect(host)
  await client.call('project.openSample', {})
  const { project } = host
  const [image] = project.find('') as [number]
  project.images.setError(image, 'permission denied')
  expect(project.find('has:error')).toEqual([image])
  await ended(client, await client.call('project.scan', {}))
  expect(project.find('has:error')).toEqual([])
})
