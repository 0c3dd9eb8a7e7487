/** Reads a data set or project for a command, and prints what was wrong with it in a few lines. */

import type { Problem } from '../../core/formats/dataset.ts'
import { describeProblem } from '../../core/formats/problems.ts'
import { countOf } from '../../core/words.ts'
import { describeUnseen, type LoadOptions } from '../studio/datasets/index.ts'
import type { NamedDataset } from '../studio/engine/engine-data.ts'
import { loadLabels } from '../studio/project/index.ts'

const SHOWN = 10

/** Throws all errors of loadLabels. */
export async function readDataset(
  name: string,
  say: (line: string) => void,
  options: LoadOptions = {},
): Promise<NamedDataset & { readonly problems: readonly Problem[] }> {
  const { dataset, imageRoot, problems, unseen = [] } = await loadLabels(name, options)
  for (const problem of problems.slice(0, SHOWN)) say(describeProblem(problem))
  if (problems.length > SHOWN) {
    say(
      `… and ${countOf(problems.length - SHOWN, 'more problem')} in ${name} (fcos convert --dry-run lists all)`,
    )
  }
  for (const line of describeUnseen(unseen)) say(line)
  return { name, dataset, imageRoot, problems }
}
