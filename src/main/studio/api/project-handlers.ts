/** The open project: its images, labels, classes and history. */
import { basename } from 'node:path'
import type { LABEL_METHODS } from '../../../core/contract/studio/labels.ts'
import type { PROJECT_METHODS } from '../../../core/contract/studio/project.ts'
import { countOf } from '../../../core/words.ts'
import { sourcesAt } from '../datasets/index.ts'
import {
  alreadyThere,
  createProject,
  exportDataset,
  findLabels,
  importDataset,
  loadForProject,
  requireImages,
  scanImages,
  settleLabels,
  settleLabelsAt,
} from '../project/index.ts'
import type { Handlers } from './handlers.ts'
import type { StudioHost } from './host.ts'
import { openOrCreate, openSample, sampleIn } from './opening.ts'

export const projectHandlers: Handlers<keyof typeof PROJECT_METHODS> = {
  'project.open': async (host, { path }) => {
    const { summary, fresh } = await host.open(path, () => openOrCreate(path))
    if (fresh) startScan(host)
    return summary
  },
  'project.create': async (host, { folder, imageRoot }) => {
    const { summary, fresh } = await host.open(folder, () => createProject(folder, { imageRoot }))
    if (!fresh) throw alreadyThere(summary.path)
    startScan(host)
    return summary
  },
  'project.openSample': async (host) => {
    const { sampleFolder, dataFolder } = host.options
    const { summary } = await host.open(sampleIn(dataFolder), () =>
      openSample(sampleFolder, dataFolder, host.settings),
    )
    return summary
  },
  'project.close': async (host) => {
    await host.close()
    return null
  },
  'project.summary': (host) => host.summary(),
  'project.relocate': (host, { imageRoot }) => {
    host.project.imageRoot = imageRoot
    startScan(host)
    return host.summary()!
  },
  'project.scan': startScan,
  'project.assignSplits': ({ project }, { images, shares, seed }) => {
    project.images.assignSplits({ ...(images && { images }), shares, seed })
    return null
  },
  'project.importSources': async (_, { path }) =>
    (await sourcesAt(path)).map((source) => ({
      format: source.format,
      path: ['coco', 'csv'].includes(source.format) ? source.path : path,
    })),
  'project.findLabels': async ({ project, jobs }) => {
    const isScanning = jobs.list().some(({ kind, state }) => kind === 'project.scan' && state === 'running')
    return isScanning || project.readOnly ? [] : findLabels(project)
  },
  'project.declineLabels': ({ project }, { fingerprints }) => {
    settleLabels(project, fingerprints)
    return null
  },
  'project.import': (host, { path, dryRun, from, keepAbsent }) => {
    const { project } = host
    const title = dryRun ? `Count labels in ${basename(path)}` : `Import labels from ${basename(path)}`
    return host.jobs.start({ kind: 'project.import', title }, async ({ signal, report }) => {
      const loaded = await loadForProject(project, path, {
        ...(from && { from }),
        keepAbsent,
        signal,
        onProgress: (done, total) => report(done / total, `Reading ${basename(path)}`),
      })
      if (!dryRun) requireImages(loaded, project)
      const result = await importDataset(project, loaded, {
        dryRun,
        signal,
        onProgress: (done, images) => report(done / images, `${done} of ${images} images`),
      })
      if (!dryRun) {
        await settleLabelsAt(project, path, from)
        host.imagesChanged()
      }
      // A scan marks the images whose files are elsewhere.
      if (!dryRun && keepAbsent && loaded.absent > 0) startScan(host)
      return { ...result, absent: loaded.absent, notKept: [...(loaded.notKept ?? [])] }
    })
  },
  'project.export': (host, { out, ...options }) => {
    const { project } = host
    const title = out === null ? 'Count labels to export' : `Export labels to ${basename(out)}`
    return host.jobs.start({ kind: 'project.export', title }, async ({ signal, report }) => {
      const { files, copiedImages, unreadableImages, survey, notKept, problems } = await exportDataset(
        project,
        {
          ...options,
          out: out ?? project.path,
          dryRun: out === null,
          signal,
          onProgress: (done, total) => report(done / total, out === null ? 'Counting' : 'Writing'),
        },
      )
      if (out !== null && !project.readOnly) await settleLabelsAt(project, out, null)
      const { images, imagesWithoutBoxes: emptyImages, boxes } = survey
      const counts = project.classes.all().map(({ id, name }) => ({ name, boxes: survey.boxesOf(id) }))
      const perClass = counts.filter((one) => one.boxes > 0)
      const crowds = survey.with('crowd')
      return {
        images,
        emptyImages,
        unreadableImages,
        boxes,
        crowds,
        perClass,
        files,
        copiedImages,
        notKept,
        problems,
      }
    })
  },
}

function startScan(host: StudioHost): { job: number } {
  const { project } = host
  return host.jobs.start({ kind: 'project.scan', title: 'Look for images' }, async ({ signal, report }) => {
    let listed = 0
    const result = await scanImages(project, {
      signal,
      onProgress: ({ found, added }) => {
        report(null, countOf(found, 'file'))
        // What is found can be worked on while the scan goes on; lists need not look anew at every batch.
        if (added >= listed * 2) {
          listed = Math.max(added, 1)
          host.imagesChanged()
        }
      },
    })
    host.imagesChanged()
    return result
  })
}

export const labelHandlers: Handlers<keyof typeof LABEL_METHODS> = {
  'images.find': ({ project }, { query }) => ({ ids: project.find(query) }),
  'images.list': ({ project }, { ids }) => project.images.list(ids),
  'images.setState': ({ project }, { ids, state }) => {
    project.images.setState(ids, state)
    return null
  },
  'images.setSplit': ({ project }, { ids, split }) => {
    project.images.setSplit(ids, split)
    return null
  },
  'images.setClass': ({ project }, { ids, classId }) => {
    project.images.setClass(ids, classId)
    return null
  },
  'images.remove': ({ project }, { ids }) => {
    project.images.remove(ids)
    return null
  },
  'images.restore': ({ project }) => ({ ids: project.images.restore() }),

  'annotations.of': ({ project }, { image }) => project.annotations.of(image),
  'annotations.add': ({ project }, { image, annotations, label }) => ({
    ids: project.annotations.add(image, annotations, label),
  }),
  'annotations.update': ({ project }, { changes, label = 'Change boxes' }) => {
    project.history.change(label, () => {
      for (const { id, patch } of changes) project.annotations.update(id, patch)
    })
    return null
  },
  'annotations.remove': ({ project }, { ids }) => {
    project.annotations.remove(ids)
    return null
  },
  'annotations.rearrange': ({ project }, { image, changes, removed, added, label }) => ({
    ids: project.history.change(label, () => {
      for (const { id, patch } of changes) project.annotations.update(id, patch)
      project.annotations.remove(removed)
      return project.annotations.add(image, added)
    }),
  }),
  'annotations.accept': ({ project }, { ids, guesses }) => ({
    ids: project.annotations.accept(ids, guesses),
  }),
  'annotations.reject': ({ project }, { ids, guesses }) => {
    project.annotations.reject(ids, guesses)
    return null
  },
  'annotations.rejected': ({ project }, { image }) => project.annotations.rejections(image),

  'classes.list': ({ project }) => {
    const labels = project.classes.counts()
    return project.classes.all().map((entry) => ({ ...entry, labels: labels.get(entry.id) ?? 0 }))
  },
  'classes.add': ({ project }, { name, ...options }) => ({ id: project.classes.add(name, options) }),
  'classes.addAll': ({ project }, { names }) => project.classes.addAll(names),
  'classes.rename': ({ project }, { id, name }) => {
    project.classes.rename(id, name)
    return null
  },
  'classes.recolour': ({ project }, { id, colour }) => {
    project.classes.recolour(id, colour)
    return null
  },
  'classes.reorder': ({ project }, { ids }) => {
    project.classes.reorder(ids)
    return null
  },
  'classes.merge': ({ project }, { from, into }) => {
    project.classes.merge(from, into)
    return null
  },
  'classes.remove': ({ project }, { id }) => {
    project.classes.remove(id)
    return null
  },

  'history.undo': ({ project }, { step }) => project.history.undo(step) ?? null,
  'history.redo': ({ project }) => project.history.redo() ?? null,
}
