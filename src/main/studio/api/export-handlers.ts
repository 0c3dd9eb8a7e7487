import { basename, dirname } from 'node:path'
import type { EXPORT_METHODS } from '../../../core/contract/studio/exports.ts'
import type { Engine } from '../engine/client.ts'
import { CHECKOUT } from '../engine/place.ts'
import { startEngine } from '../engine/spawn.ts'
import { draftCard } from '../exports/draft-card.ts'
import { exportModel } from '../exports/export-model.ts'
import { writeReport } from '../exports/run-report.ts'
import type { Project } from '../project/index.ts'
import type { Handlers } from './handlers.ts'
import type { StudioHost } from './host.ts'

export const exportHandlers: Handlers<keyof typeof EXPORT_METHODS> = {
  'exports.card': ({ project, runs, evaluations, options }, params) =>
    draftCard({ project, runs: runs.store, evaluations, version: options.info.version }, params),
  'exports.model': (host, { check, ...params }) => {
    const images = someImages(host.project, check)
    const title = `Export model to ${basename(params.out)}`
    return host.jobs.start({ kind: 'exports.model', title }, (control) =>
      exportModel(() => freshEngine(host), { ...params, images }, control),
    )
  },
  'exports.report': (host, { run: id, ...params }) => {
    const { project, runs, options } = host
    const run = runs.store.get(id)
    const { info, engine: place = CHECKOUT } = options
    const about = { project: basename(dirname(project.path)), version: info.version, place }
    return host.jobs.start({ kind: 'exports.report', title: `Report of ${run.summary.name}` }, (control) =>
      writeReport(run, () => freshEngine(host), { ...params, ...about }, control),
    )
  },
}

const freshEngine = ({ options: { engine: place } }: StudioHost): Promise<Engine> =>
  startEngine({ ...(place && { place }) })

/** Evenly among the project's images. */
function someImages(project: Project, count: number): string[] {
  const all = project.find('-has:error')
  const most = Math.min(count, all.length)
  return Array.from({ length: most }, (_, i) => project.fileOf(all[Math.floor((i * all.length) / most)]!))
}
