/** Maps a model's classes to a project's by name, since ids differ between data sets. */
import type { ModelConfig } from '../detectors/model-config.ts'
import { pairByName } from '../formats/class-names.ts'
import type { ProjectClass } from '../project/model.ts'

/** [K] ids of the project's classes; null for classes that it lacks. */
export function matchClasses(
  classes: ModelConfig['classes'],
  ofProject: readonly Pick<ProjectClass, 'id' | 'name'>[],
): (number | null)[] {
  const names = (of: readonly { readonly name: string }[]): string[] => of.map(({ name }) => name)
  const pairs = pairByName(names(classes), names(ofProject))
  return classes.map((_, k) => {
    const partner = pairs.get(k)
    return partner === undefined ? null : ofProject[partner]!.id
  })
}
