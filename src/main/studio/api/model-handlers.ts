import { basename } from 'node:path'
import type { MODEL_METHODS } from '../../../core/contract/studio/models.ts'
import { detectFolder } from '../detection/detect-folder.ts'
import { detectImages } from '../models/detect-images.ts'
import { reviewQueue } from '../models/review-queue.ts'
import type { Handlers } from './handlers.ts'

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
  'detect.folder': async ({ models, project, jobs }, options) => {
    const model = await models.require(project.path)
    const title = `Detect in ${basename(options.folder)} with ${model.title}`
    return jobs.start({ kind: 'detect.folder', title }, (control) =>
      detectFolder(models, model, options, control),
    )
  },
  'review.queue': async ({ models, project }, { query, limit }) =>
    reviewQueue(models, await models.require(project.path), project, query, limit),
}
