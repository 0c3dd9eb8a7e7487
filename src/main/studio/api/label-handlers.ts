import type { LABEL_METHODS } from '../../../core/contract/studio/labels.ts'
import type { Handlers } from './handlers.ts'

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

  'history.undo': ({ project }) => project.history.undo() ?? null,
  'history.redo': ({ project }) => project.history.redo() ?? null,
}
