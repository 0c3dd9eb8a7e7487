/** Which of a project's classes a model means: by name, since ids count differently elsewhere. */
import type { ModelConfig } from '../detectors/model-config.ts'
import type { ProjectClass } from '../project/model.ts'

/** [K] ids of the project's classes; null for those that it lacks. */
export const matchClasses = (
  classes: ModelConfig['classes'],
  ofProject: readonly Pick<ProjectClass, 'id' | 'name'>[],
): (number | null)[] =>
  classes.map(({ name }) => ofProject.find((one) => sameName(one.name, name))?.id ?? null)

const sameName = (a: string, b: string): boolean =>
  a.normalize('NFC').toLowerCase() === b.normalize('NFC').toLowerCase()
