import { basename } from 'node:path'
import type { REPORT_METHODS } from '../../../core/contract/studio/report.ts'
import type { JobControl } from '../jobs.ts'
import type { Project } from '../project/project.ts'
import { listBoxes, writeBoxes } from '../report/boxes.ts'
import { inspectProject } from '../report/inspection.ts'
import type { Watch } from '../report/labelled.ts'
import { measureLadders } from '../report/ladders.ts'
import { ReportCache } from '../report/report-cache.ts'
import type { Handlers } from './handlers.ts'

const caches = new WeakMap<Project, ReportCache>()

export const reportHandlers: Handlers<keyof typeof REPORT_METHODS> = {
  'report.inspect': ({ jobs, project }, scope) =>
    jobs.start({ kind: 'report.inspect', title: 'Inspect boxes' }, (control) =>
      cacheOf(project).get('inspect', scope, () => inspectProject(project, scope, watched(control))),
    ),
  'report.ladders': ({ jobs, project }, scope) =>
    jobs.start({ kind: 'report.ladders', title: 'Try other input sizes' }, (control) =>
      cacheOf(project).get('ladders', scope, () => measureLadders(project, scope, watched(control))),
    ),
  'report.boxes': ({ jobs, project }, scope) =>
    jobs.start({ kind: 'report.boxes', title: 'List boxes' }, (control) =>
      cacheOf(project).get('boxes', scope, () => listBoxes(project, scope, watched(control))),
    ),
  'report.writeBoxes': ({ jobs, project }, scope) =>
    jobs.start({ kind: 'report.writeBoxes', title: `Write ${basename(scope.out)}` }, (control) =>
      writeBoxes(project, scope, watched(control)),
    ),
}

function cacheOf(project: Project): ReportCache {
  const known = caches.get(project) ?? new ReportCache(project)
  caches.set(project, known)
  return known
}

const watched = ({ signal, report }: JobControl): Watch => ({
  signal,
  onProgress: (done, total) => report(done / total, `${done} of ${total} images`),
})
