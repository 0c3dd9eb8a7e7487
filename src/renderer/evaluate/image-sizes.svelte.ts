/** Sizes and names of the images that crops are taken from. */
import type { ProjectImage } from '../../core/project/model.ts'
import type { Studio } from '../session/studio.svelte.ts'

export interface ImageSizes {
  /** Undefined until it has been loaded. */
  of(imageId: number): ProjectImage | undefined
  /** Whether the image has been removed from the project. */
  isGone(imageId: number): boolean
  need(imageIds: readonly number[]): Promise<void>
}

export function imageSizes({ client, attempt }: Pick<Studio, 'client' | 'attempt'>): ImageSizes {
  let rows = $state.raw<ReadonlyMap<number, ProjectImage>>(new Map())
  let gone = $state.raw<ReadonlySet<number>>(new Set())
  const asked = new Set<number>()
  return {
    of: (imageId) => rows.get(imageId),
    isGone: (imageId) => gone.has(imageId),
    async need(imageIds) {
      const ids = [...new Set(imageIds)].filter((id) => !asked.has(id))
      if (ids.length === 0) return
      for (const id of ids) asked.add(id)
      const found = await attempt(client.call('images.list', { ids }))
      if (!found) return
      rows = new Map([...rows, ...found.map((row) => [row.id, row] as const)])
      gone = new Set([...gone, ...ids.filter((id) => !rows.has(id))])
    },
  }
}
