import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { Downloads } from '../../../../src/main/studio/exports/downloads.ts'
import { lay, scratch } from '../../../support/scratch.ts'

const control = { signal: new AbortController().signal, report: () => {} }
/** Python's zipfile: whether all checksums hold, and the names with their lengths. */
const LIST = `import json, sys, zipfile
z = zipfile.ZipFile(sys.argv[1])
print(json.dumps([z.testzip(), {i.filename: i.file_size for i in z.infolist()}]))`

test('what was exported arrives whole in one zip, under its names, and is gone when the next begins', async () => {
  const downloads = new Downloads(await scratch())
  const { id, out } = await downloads.begin('würfel-coco')
  await lay(out, { 'annotations.json': '{}'.repeat(50_000), 'images/a/ä.jpg': [40, 30], 'empty.txt': '' })
  const found = await downloads.pack(id, control)
  expect(found).toMatchObject({ name: 'würfel-coco.zip', files: 3 })
  const answer = downloads.respond(found.url)
  expect(answer).toMatchObject({ status: 200, type: 'application/zip' })
  expect(answer.headers!['content-disposition']).toBe(
    `attachment; filename="w_rfel-coco.zip"; filename*=UTF-8''w%C3%BCrfel-coco.zip`,
  )
  const { file } = answer.body as { file: string }
  const { stdout } = await promisify(execFile)('python3', ['-c', LIST, file])
  const [broken, sizes] = JSON.parse(stdout)
  expect(broken).toBeNull()
  expect(sizes).toMatchObject({
    'annotations.json': 100_000,
    'empty.txt': 0,
    'images/a/ä.jpg': expect.any(Number),
  })
  expect(found.bytes).toBeLessThan(10_000)
  expect(existsSync(out)).toBe(false)

  const next = await downloads.begin('model.safetensors')
  expect(existsSync(file)).toBe(false)
  expect(downloads.respond(found.url).status).toBe(404)
  await lay(join(next.out, '..'), { 'model.safetensors': 'weights' })
  expect(await downloads.pack(next.id, control)).toMatchObject({ name: 'model.safetensors.zip', files: 1 })
})

test('a path that was not handed out is no download', async () => {
  const downloads = new Downloads(await scratch())
  for (const path of ['/asset/download/', '/asset/download/../../etc/passwd', '/asset/download/x'])
    expect(downloads.respond(path).status).toBe(404)
  await expect(downloads.pack('none', control)).rejects.toMatchObject({ code: 'USAGE_DOWNLOAD' })
  expect((await downloads.begin('../../evil')).out).toMatch(/downloads.[\w-]+.evil$/)
})
