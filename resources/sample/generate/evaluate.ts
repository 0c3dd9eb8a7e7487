/**
 * Evaluates the run that comes with the sample, as a user would in the studio, and keeps what it detects in evaluation.json.
 * To be run after train.ts:
 *
 *   node resources/sample/generate/evaluate.ts
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { createHost } from '../../../src/main/studio/api/create-host.ts'
import { dispatch } from '../../../src/main/studio/api/dispatch.ts'
import {
  packDetections,
  SAMPLE_EVALUATION,
  SAMPLE_QUERY,
} from '../../../src/main/studio/api/sample-evaluation.ts'
import { evaluateSource } from '../../../src/main/studio/evaluation/jobs.ts'
import { evaluationsFolder, readFrozen } from '../../../src/main/studio/evaluation/storage.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const FILE = path.join(ROOT, 'resources/sample', SAMPLE_EVALUATION)
const folder = await mkdtemp(path.join(tmpdir(), 'fcos-sample-'))
process.env.FCOS_HOME = path.join(folder, 'home')
const host = createHost({ shell: 'browser', root: ROOT, cacheFolder: path.join(folder, 'cache') })
try {
  await rm(FILE, { force: true })
  await dispatch(host, 'project.openSample', {})
  const { evaluations, models, project } = host
  const checkpoint = (await models.require(project.path)).path
  const entry = await evaluateSource(
    { evaluations, models, project },
    { source: { kind: 'model', path: checkpoint }, query: SAMPLE_QUERY },
    { signal: new AbortController().signal, report: (_, detail) => console.error(detail) },
  )
  const kept = path.join(evaluationsFolder(project.path), entry.id)
  const { truth, detections } = await readFrozen(kept, entry)
  const packed = packDetections(truth, detections, await readFile(checkpoint))
  await writeFile(FILE, `${JSON.stringify(packed)}\n`)
  console.log(`AP ${entry.stats[0]!.toFixed(3)}, ${entry.detections} detections in ${entry.images} images`)
} finally {
  await host.close()
  await rm(folder, { recursive: true, force: true })
}
