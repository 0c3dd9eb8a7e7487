import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import sharp from 'sharp'
import { onTestFinished } from 'vitest'

/** A folder without neighbours, since images are also looked for beside their labels' folder. Removed after the test. */
export async function scratch(): Promise<string> {
  const outer = await mkdtemp(join(tmpdir(), 'fcos-test-'))
  onTestFinished(() => rm(outer, { recursive: true, force: true }))
  // Some tests let another user in.
  await chmod(outer, 0o711)
  const folder = join(outer, 'folder')
  await mkdir(folder, { mode: 0o700 })
  return folder
}

/** Writes files by relative path: text, or an image given as its width and height and EXIF orientation. */
export async function lay(
  folder: string,
  files: Record<string, string | Buffer | readonly number[]>,
): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder, path)
    await mkdir(dirname(file), { recursive: true })
    const isImage = Array.isArray(content)
    await writeFile(file, isImage ? await picture(content as number[]) : (content as string | Buffer))
  }
}

function picture([width = 1, height = 1, orientation = 1]: readonly number[]): Promise<Buffer> {
  const blank = sharp({ create: { width, height, channels: 3, background: '#888' } })
  return blank.jpeg().withMetadata({ orientation }).toBuffer()
}
