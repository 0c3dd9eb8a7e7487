/**
 * The studio's API, for windows and for programs in any language. Everything is plain JSON; wire.ts defines the transport.
 * Images and arrays of numbers are fetched from /asset/….
 *
 * Every method can fail with a WireError. All of them may throw USAGE_REQUEST (no such method, or parameters that the schema
 * refuses), and those that need a project USAGE_NO_PROJECT, or IO_PROJECT_LOCKED and IO_PROJECT_READ_ONLY where they would
 * change one that can only be read.
 */
import { z } from 'zod'
import { APP_METHODS, AppInfo } from './studio/app.ts'
import { ASSIST_METHODS, AssistState } from './studio/assist.ts'
import { EVALUATION_METHODS } from './studio/evaluation.ts'
import { EXPORT_METHODS } from './studio/exports.ts'
import { JOB_METHODS, Job } from './studio/jobs.ts'
import { Caller, LABEL_METHODS, StepEffect } from './studio/labels.ts'
import { CurrentModel, MODEL_METHODS } from './studio/models.ts'
import { PROJECT_METHODS, ProjectSummary } from './studio/project.ts'
import { REPORT_METHODS } from './studio/report.ts'
import { RUN_METHODS, RunChange } from './studio/runs.ts'

export const STUDIO_METHODS = {
  ...APP_METHODS,
  ...PROJECT_METHODS,
  ...LABEL_METHODS,
  ...JOB_METHODS,
  ...REPORT_METHODS,
  ...EVALUATION_METHODS,
  ...RUN_METHODS,
  ...MODEL_METHODS,
  ...ASSIST_METHODS,
  ...EXPORT_METHODS,
} as const

/** The events that the studio sends to every window. */
export const STUDIO_EVENTS = {
  /** The engine was set up, or that has failed. */
  app: AppInfo,
  /** Another project is open, or none; or counts of this one changed otherwise than by a step. */
  project: ProjectSummary.nullable(),
  /** A step was done, undone or redone, here or in another window. */
  step: StepEffect.extend({
    /** Labels of what undo and redo would do next. */
    undo: z.string().nullable(),
    redo: z.string().nullable(),
    /** The call that it comes from, or that started its job; null of a client that does not name itself. */
    by: Caller.nullable(),
  }),
  /** Images were found, moved or lost, so lists must be refreshed. */
  images: z.null(),
  /** A job started, progressed or ended. */
  job: Job,
  run: RunChange,
  /** Runs were added or removed in another way, so lists must be refreshed. */
  runs: z.null(),
  /** Assist was switched, learnt or was judged; up to four times a second while it learns. */
  assist: AssistState,
  /** Another model is used for predictions, or none. */
  model: CurrentModel.nullable(),
} as const

export type { Caller }

type Methods = typeof STUDIO_METHODS
type Events = typeof STUDIO_EVENTS

export type MethodName = keyof Methods
/** What a caller gives. */
export type Params<Name extends MethodName> = z.input<Methods[Name]['params']>
/** What a handler gets. */
export type ParsedParams<Name extends MethodName> = z.output<Methods[Name]['params']>
export type Result<Name extends MethodName> = z.output<Methods[Name]['result']>
/** What a job results in that a method's `job` describes; of another one, anything. */
export type JobResult<Kind extends string> = Kind extends MethodName
  ? Methods[Kind]['job'] extends z.ZodType
    ? z.output<Methods[Kind]['job']>
    : object | null
  : object | null

export type EventName = keyof Events
export type EventData<Name extends EventName> = z.output<Events[Name]>

export const isMethod = (name: string): name is MethodName => Object.hasOwn(STUDIO_METHODS, name)
