/** Paths inside a data set: relative, with forward slashes. */

export const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

/** The path without its extension: `a.b/c.jpg` → `a.b/c`. */
export const stemOf = (path: string): string => path.replace(/(?<=[^/])\.[^./]*$/, '')

/** `text` inside `folder`, where `''` is the root. */
export const inside = (folder: string, path: string): string => (folder === '' ? path : `${folder}/${path}`)

export const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')))
