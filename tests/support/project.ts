import { execFileSync } from 'node:child_process'
import { onTestFinished } from 'vitest'
import { naturalKey } from '../../src/core/project/natural-order.ts'
import { createProject, type Project } from '../../src/main/studio/project/project.ts'
import { scratch } from './scratch.ts'

/** Rows for images that no file stands behind: what most of the store never looks at. */
export function addImages(project: Project, ...paths: string[]): number[] {
  const sql = 'INSERT INTO image (path, name_key, sort_key, width, height) VALUES (?, ?, ?, 640, 480)'
  return paths.map((path) => project.database.run(sql, path, path.toLowerCase(), naturalKey(path)).lastId)
}

/** A project in a folder of its own, closed after the test. */
export async function someProject(...paths: string[]): Promise<Project> {
  const project = await createProject(await scratch())
  onTestFinished(() => project.close())
  addImages(project, ...paths)
  return project
}

/**
 * The project's files as they are on the disk at this moment, in another folder: what a power cut would leave. Copied
 * by another process, since closing a handle to them here would end this process's locks.
 */
export async function copyAsIfCut(project: Project): Promise<string> {
  const folder = await scratch()
  for (const suffix of ['', '-wal']) {
    execFileSync('cp', [`${project.path}${suffix}`, folder])
  }
  return folder
}
