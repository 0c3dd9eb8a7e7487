import type { MODEL_METHODS } from '../../../core/contract/studio/models.ts'
import { detectFiles, imagesOfFolder } from '../detection/detect-files.ts'
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
    const title = `Detect in ${inputs.files.length} images with ${model.title}`
    return jobs.start({ kind: 'detect.files', title }, (control) =>
      detectFiles(models, model, { ...options, images: inputs }, control),
    )
  },
  'review.queue': async ({ models, project }, { query, limit }) =>
    reviewQueue(models, await models.require(project.path), project, query, limit),
}
