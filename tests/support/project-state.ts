import type { Project } from '../../src/main/studio/project/project.ts'

/** Everything that undo brings back. */
export function tracked(project: Project): unknown {
  const { database } = project
  return {
    images: database.all(
      'SELECT id, state, split, drawn, imported, proposed, accepted FROM image ORDER BY id',
    ),
    removed: database.all('SELECT * FROM removed ORDER BY id'),
    classes: database.all('SELECT * FROM class ORDER BY id'),
    annotations: database.all('SELECT * FROM annotation ORDER BY id'),
    rejections: database.all('SELECT * FROM rejection ORDER BY id'),
  }
}
