/** What is learnt from a project: runs, models, evaluations, reports and exports. */
import { basename, dirname } from 'node:path'
import type { ASSIST_METHODS } from '../../../core/contract/studio/assist.ts'
import type { EVALUATION_METHODS } from '../../../core/contract/studio/evaluation.ts'
import type { EXPORT_METHODS } from '../../../core/contract/studio/exports.ts'
import type { MODEL_METHODS } from '../../../core/contract/studio/models.ts'
import type { REPORT_METHODS } from '../../../core/contract/studio/report.ts'
import type { RUN_METHODS } from '../../../core/contract/studio/runs.ts'
import { countOf } from '../../../core/words.ts'
import { detectFiles, imagesOfFolder } from '../detection/detect-files.ts'
import type { Engine } from '../engine/client.ts'
import { CHECKOUT } from '../engine/place.ts'
import { startEngine } from '../engine/spawn.ts'
import { READING_METHODS, type ReadingMethod } from '../evaluation/evaluation-service.ts'
import { evaluateSource, lookAhead } from '../evaluation/jobs.ts'
import { draftCard } from '../exports/draft-card.ts'
import { exportModel } from '../exports/export-model.ts'
import { writeReport } from '../exports/run-report.ts'
import type { JobContext } from '../jobs.ts'
import { detectImages } from '../models/detect-images.ts'
import { reviewQueue } from '../models/review-queue.ts'
import type { Project } from '../project/index.ts'
import { listBoxes, writeBoxes } from '../report/boxes.ts'
import { checkHealth } from '../report/health.ts'
import { compareDetectors, inspectProject } from '../report/inspection.ts'
import type { Watch } from '../report/labelled.ts'
import { measureLadders } from '../report/ladders.ts'
import { inspectOutlines } from '../report/outlines.ts'
import { ReportCache } from '../report/report-cache.ts'
import { usualSplits } from '../runs/plan.ts'
import type { Handlers } from './handlers.ts'
import type { StudioHost } from './host.ts'

export const runHandlers: Handlers<keyof typeof RUN_METHODS> = {
  'runs.list': ({ runs }) => runs.list(),
  'runs.splits': ({ project }) => usualSplits(project),
  'runs.propose': ({ runs }, plan) => runs.propose(plan),
  'runs.python': ({ runs }, { python }) => runs.python(python),
  'runs.probe': ({ runs }, plan) => runs.probe(plan),
  'runs.start': ({ runs }, { plan, pinned, name }) => runs.start(plan, pinned, name),
  'runs.comparison': ({ runs }) => runs.comparison.get(),
  'runs.compare': ({ runs }, request) => runs.compare(request),
  'runs.continueComparison': ({ runs }) => runs.comparison.continue(),
  'runs.cancelComparison': ({ runs }) => {
    runs.comparison.cancel()
    return null
  },
  'runs.pause': ({ runs }, { run }) => {
    runs.pause(run)
    return null
  },
  'runs.continue': ({ runs }, { run }) => {
    runs.continue(run)
    return null
  },
  'runs.cancel': ({ runs }, { run }) => {
    runs.cancel(run)
    return null
  },
  'runs.resume': ({ runs }, { run }) => runs.resume(run),
  'runs.curves': ({ runs }, { run, after }) => runs.curves(run, after),
  'runs.detail': ({ runs }, { run }) => runs.detail(run),
  'runs.rename': ({ runs }, { run, name }) => runs.rename(run, name),
  'runs.delete': async ({ runs }, { run }) => {
    await runs.delete(run)
    return null
  },
}

export const modelHandlers: Handlers<keyof typeof MODEL_METHODS> = {
  'models.list': ({ models }) => models.list(),
  'models.current': ({ models, project }) => models.current(project.path),
  'models.use': ({ models, project }, { path }) => models.use(project.path, path),
  'detect.images': async ({ models, project, jobs }, { images, ...options }) => {
    const model = await models.require(project.path)
    const ids = 'ids' in images ? images.ids : project.find(images.query)
    const title = `Detect with ${model.title}`
    return jobs.start({ kind: 'detect.images', title }, (control) =>
      detectImages(models, model, project, { images: ids, ...options }, control),
    )
  },
  'detect.files': async ({ models, project, jobs }, { model: path, images, ...options }) => {
    const model = await models.at(path)
    const inputs =
      'folder' in images
        ? await imagesOfFolder(images.folder)
        : {
            root: project.imageRoot,
            files: project.images
              .list(project.find(images.query))
              .map(({ id, path: fileName }) => ({ id, fileName })),
          }
    const title = `Detect in ${countOf(inputs.files.length, 'image')} with ${model.title}`
    return jobs.start({ kind: 'detect.files', title }, (control) =>
      detectFiles(models, model, { ...options, images: inputs }, control),
    )
  },
  'review.queue': async ({ models, project }, { query, limit }) =>
    reviewQueue(models, await models.require(project.path), project, query, limit),
}

export const assistHandlers: Handlers<keyof typeof ASSIST_METHODS> = {
  'assist.state': ({ assist }) => assist.state,
  'assist.start': ({ assist }) => assist.start(),
  'assist.stop': ({ assist }) => assist.stop(),
  'assist.doubts': ({ assist }) => assist.doubts(),
  'assist.restore': ({ assist }, { image, box }) => {
    assist.restore(image, box)
    return null
  },
  'assist.dismiss': ({ assist }, { image, box }) => {
    assist.dismiss(image, box)
    return null
  },
}

/** Those that the evaluator's process answers. */
const reading = Object.fromEntries(
  READING_METHODS.map((name) => [
    name,
    ({ evaluations }: StudioHost, params: never) => evaluations.call(name, params),
  ]),
) as unknown as Pick<Handlers, ReadingMethod>

export const evaluationHandlers: Handlers<keyof typeof EVALUATION_METHODS> = {
  'evaluation.list': (host) => host.evaluations.list(),
  'evaluation.start': (host, params) => {
    const { evaluations, models, project } = host
    const known = models.list().find(({ path }) => path === params.source.path)
    const title = `Evaluate ${known?.title ?? basename(params.source.path)}`
    return host.jobs.start({ kind: 'evaluation.start', title }, (control) =>
      evaluateSource({ evaluations, models, project }, params, control),
    )
  },
  'evaluation.oracle': (host, { evaluation }) => {
    const { evaluations, models, project } = host
    return host.jobs.start(
      { kind: 'evaluation.oracle', title: 'What perfect outputs would give' },
      (control) => lookAhead({ evaluations, models, project }, evaluation, control),
    )
  },
  'evaluation.oracleResult': ({ evaluations }, { evaluation }) => evaluations.oracleResult(evaluation),
  'evaluation.remove': async ({ evaluations }, { evaluation }) => {
    await evaluations.remove(evaluation)
    return null
  },
  'evaluation.saveThresholds': ({ evaluations }, { evaluation, thresholds }) =>
    evaluations.saveThresholds(evaluation, thresholds),
  ...reading,
}

const caches = new WeakMap<Project, ReportCache>()

export const reportHandlers: Handlers<keyof typeof REPORT_METHODS> = {
  // What a model has detected since is no change of the project: this is not cached.
  'report.health': ({ jobs, project, models, assets }) =>
    jobs.start({ kind: 'report.health', title: 'Check images and labels' }, (control) =>
      checkHealth(
        { project, models, thumbnail: (image, signal) => assets.thumbnail(image, signal) },
        watched(control),
      ),
    ),
  'report.inspect': ({ jobs, project }, scope) =>
    jobs.start({ kind: 'report.inspect', title: 'Inspect boxes' }, (control) =>
      cacheOf(project).get('inspect', scope, () => inspectProject(project, scope, watched(control))),
    ),
  'report.outlines': ({ jobs, project }, scope) =>
    jobs.start({ kind: 'report.outlines', title: 'Inspect outlines' }, (control) =>
      cacheOf(project).get('outlines', scope, () => inspectOutlines(project, scope, watched(control))),
    ),
  'report.ladders': ({ jobs, project }, scope) =>
    jobs.start({ kind: 'report.ladders', title: 'Try other input sizes' }, (control) =>
      cacheOf(project).get('ladders', scope, () => measureLadders(project, scope, watched(control))),
    ),
  'report.detectors': ({ jobs, project }, scope) =>
    jobs.start({ kind: 'report.detectors', title: 'Compare detectors on the boxes' }, (control) =>
      cacheOf(project).get('detectors', scope, () => compareDetectors(project, scope, watched(control))),
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

const watched = ({ signal, report }: JobContext): Watch => ({
  signal,
  onProgress: (done, total) => report(done / total, `${done} of ${total} images`),
})

export const exportHandlers: Handlers<keyof typeof EXPORT_METHODS> = {
  'exports.card': ({ project, runs, evaluations, options }, params) =>
    draftCard({ project, runs: runs.store, evaluations, version: options.info().version }, params),
  'exports.model': (host, { check, calibrate, ...params }) => {
    const images = someImages(host.project, check)
    const calibration = params.onnx?.precision === 'int8' ? someImages(host.project, calibrate) : []
    const title = `Export model to ${basename(params.out)}`
    return host.jobs.start({ kind: 'exports.model', title }, (control) =>
      exportModel(() => freshEngine(host), { ...params, images, calibration }, control),
    )
  },
  'exports.report': (host, { run: id, ...params }) => {
    const { project, runs, options } = host
    const run = runs.store.get(id)
    const { info, engine: place = CHECKOUT } = options
    const about = { project: basename(dirname(project.path)), version: info().version, place }
    return host.jobs.start({ kind: 'exports.report', title: `Report of ${run.summary.name}` }, (control) =>
      writeReport(run, () => freshEngine(host), { ...params, ...about }, control),
    )
  },
  'exports.beginDownload': ({ downloads }, { name }) => downloads.begin(name),
  'exports.packDownload': ({ downloads, jobs }, { id }) =>
    jobs.start({ kind: 'exports.packDownload', title: 'Pack the download' }, (control) =>
      downloads.pack(id, control),
    ),
}

const freshEngine = ({ options: { engine: place } }: StudioHost): Promise<Engine> =>
  startEngine({ ...(place && { place }) })

/** Evenly among the project's images. */
function someImages(project: Project, count: number): string[] {
  const all = project.find('-has:error')
  const most = Math.min(count, all.length)
  return Array.from({ length: most }, (_, i) => project.fileOf(all[Math.floor((i * all.length) / most)]!))
}
