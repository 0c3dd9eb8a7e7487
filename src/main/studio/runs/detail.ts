import type { RunDetail } from '../../../core/contract/studio/runs.ts'
import { detectorOf, type ModelConfig } from '../../../core/detectors/detectors.ts'
import type { AssignmentRules } from '../../../core/detectors/fcos/config.ts'
import type { Project } from '../project/index.ts'
import { pinnedSteps } from './pinned.ts'
import { readRecord } from './run-log.ts'
import type { StoredRun } from './run-store.ts'
import { changesSince, countData, readSnapshot } from './snapshot.ts'

const usesOutlines = (model: ModelConfig): boolean =>
  detectorOf(model).learnsOutlines === true ||
  (model.assignment as Partial<AssignmentRules>).masks !== undefined

/** All that is known about a run. Never throws; what the engine has not written yet is null. */
export function detailOf(project: Project, { folder, note }: StoredRun): RunDetail {
  const record = readRecord(folder)
  const snapshot = readSnapshot(folder)
  const pinned = project.images.list(note.pinned.images)
  return {
    folder,
    model: record?.model ?? null,
    options: record?.options ?? null,
    canvas: record?.canvas ?? null,
    loaded: record?.loaded ?? null,
    started: record?.started ?? null,
    data: snapshot
      ? {
          training: countData(snapshot.data),
          validation: snapshot.validation && countData(snapshot.validation),
        }
      : null,
    changes: snapshot
      ? changesSince(project, snapshot, record !== undefined && usesOutlines(record.model))
      : null,
    pinned: {
      images: note.pinned.images.map((image) => ({
        image,
        path: pinned.find(({ id }) => id === image)?.path ?? '',
      })),
      steps: pinnedSteps(folder),
    },
    notes: note.notes,
  }
}
