/**
 * Training runs of the open project. A run is a folder that the engine writes (core/contract/run-record.ts) with a note
 * of the studio beside. One trains at a time, in a process of its own; it is a job too, which says how far it is.
 *
 * Steps count from 1: step 10 is there when ten are done. Which run's checkpoint looks at images is chosen with models.use
 * (models.ts), by the checkpoint's path.
 */
import { z } from 'zod'
import { ARCHITECTURES } from '../../detectors/architectures.ts'
import { ModelConfig } from '../../detectors/detectors.ts'
import { SPLITS } from '../../project/model.ts'
import { Evaluated } from '../engine/training.ts'
import { TorchDevice } from '../job.ts'
import { TrainingFile, TrainingOptions } from '../training.ts'
import { method, startsJob } from './method.ts'
import { Id, Ids, LocalPath, None, Nothing, WireErrorValue } from './values.ts'

/** The time at which it was made, which no other run of the project ever has: 20261122-184449-103. */
export const RunId = z.string().regex(/^\d{8}-\d{6}-\d{3}$/)
export type RunId = z.infer<typeof RunId>

/** What training starts from. */
export const StartingModel = z.discriminatedUnion('kind', [
  /** Published weights; fetched at first. */
  z.strictObject({ kind: z.literal('pretrained'), architecture: z.enum(ARCHITECTURES) }),
  /** A run's checkpoint. */
  z.strictObject({ kind: z.literal('run'), run: RunId }),
  /** A checkpoint of ours, or weights in torchvision's names. */
  z.strictObject({ kind: z.literal('file'), path: LocalPath }),
])
export type StartingModel = z.infer<typeof StartingModel>

/** Where a run is trained. */
export const TrainingPlace = z.discriminatedUnion('kind', [
  /** PyTorch on this machine, in so many processes that share each batch. */
  z.strictObject({ kind: z.literal('pytorch'), python: z.string().min(1), processes: z.int().positive() }),
  /** A Ray cluster: ray+https://HOST:8265, with a folder that it sees under the same path as this machine. */
  z.strictObject({
    kind: z.literal('ray'),
    address: z.string().min(1),
    storage: LocalPath,
    workers: z.int().positive(),
    gpus: z.boolean(),
  }),
])
export type TrainingPlace = z.infer<typeof TrainingPlace>

export const RunPlan = z.strictObject({
  model: StartingModel,
  /** Split to train on; null: all images. */
  learnFrom: z.enum(SPLITS).nullable(),
  /** Split to validate with; null: none. */
  measureWith: z.enum(SPLITS).nullable(),
  /** Overfits this image instead, without augmentation, as a sanity check: what cannot learn one image cannot learn many. */
  overfit: Id.nullable(),
  /** What the user sets; the rest follows the preset for the number of images. */
  options: TrainingFile,
  /** Left out: the studio's engine. */
  place: TrainingPlace.exactOptional(),
})
export type RunPlan = z.infer<typeof RunPlan>

/** Images whose predictions are kept at intervals, to show how they develop. */
export const PinnedPlan = z.strictObject({ images: z.array(Id).max(4).readonly(), every: z.int().positive() })
export type PinnedPlan = z.infer<typeof PinnedPlan>

/**
 * pausing, stopping: will be after the step under way. paused: waits, its state is saved, its process runs. stopped: by the
 * user, or with its project. interrupted: the whole program ended while it ran. failed: `error` says why.
 */
export const RUN_STATES = [
  'running',
  'pausing',
  'paused',
  'stopping',
  'stopped',
  'interrupted',
  'failed',
  'done',
] as const
export type RunState = (typeof RUN_STATES)[number]

export const RunSummary = z.object({
  id: RunId,
  name: z.string(),
  /** ISO 8601 */
  created: z.string(),
  state: z.enum(RUN_STATES),
  error: WireErrorValue.nullable(),
  /** What it started from: "lite0, ImageNet weights", "Run 6". */
  from: z.string(),
  overfit: z.boolean(),
  /** Assist's run (assist.ts): it has no end, so that `steps` is null, and is gone on with by assist.start. */
  assist: z.literal(true).optional(),
  /** These five are null until the engine has begun. */
  architecture: z.enum(ARCHITECTURES).nullable(),
  /** As in ModelConfig: left out for FCOS. */
  detector: z.string().optional(),
  /** Long side of the network's input, px. */
  size: z.int().nullable(),
  classes: z
    .array(z.object({ id: Id, name: z.string() }))
    .readonly()
    .nullable(),
  /** It learns from so many images. */
  images: z.int().nullable(),
  steps: z.int().nullable(),
  /** Steps done. */
  step: z.int(),
  /** Of the best evaluation so far, chosen by `maskAp` where there is one; null without one. */
  best: z
    .object({ step: z.int(), ap: z.number(), ap50: z.number(), maskAp: z.number().exactOptional() })
    .nullable(),
  /** The model to use: the best one, else the last; null before there is any. */
  checkpoint: LocalPath.nullable(),
  /** Whether it can continue from a saved state. */
  resumable: z.boolean(),
  /** While it trains, as of its last step. */
  live: z
    .object({
      imagesPerSecond: z.number(),
      remainingSeconds: z.number(),
      device: z.enum(['cpu', 'gpu']),
      /** The engine's resident memory, now and at most, without a GPU's own. */
      memoryMb: z.number(),
      peakMb: z.number(),
    })
    .nullable(),
})
export type RunSummary = z.infer<typeof RunSummary>

/** Figures of each step that all detectors have; what they mean stands at TrainStep. */
export const COMMON_CURVES = [
  'loss',
  'rate',
  'gradientNorm',
  'positives',
  'imagesPerSecond',
  'memoryMb',
] as const

/** By name: those, and the losses and figures of the detector. One value per entry of `steps`; null where it was not finite. */
const Figures = z.record(z.string(), z.array(z.number().nullable()).readonly())

export const Curves = z.object({
  steps: z.array(z.int()).readonly(),
  figures: Figures,
  evaluations: z.array(Evaluated).readonly(),
})
export type Curves = z.infer<typeof Curves>

/** Images and boxes of a data set, and boxes of each class; crowd regions are not counted. */
const DataCount = z.object({
  images: z.int(),
  boxes: z.int(),
  perClass: z.array(z.object({ id: Id, name: z.string(), boxes: z.int() })).readonly(),
})
export type DataCount = z.infer<typeof DataCount>

export const RunDetail = z.object({
  folder: LocalPath,
  /** Null until the engine has begun. */
  model: ModelConfig.nullable(),
  options: TrainingOptions.nullable(),
  canvas: z.object({ width: z.int(), height: z.int() }).nullable(),
  /** What was loaded from the weights, what was not, and why. */
  loaded: z.string().nullable(),
  started: z.string().nullable(),
  /** What it learns from and is measured with, as it was when it began. */
  data: z.object({ training: DataCount, validation: DataCount.nullable() }).nullable(),
  /** How the labels of those images differ now. Null as `data` is. */
  changes: z
    .object({
      /** Images with other boxes than then; those that are gone from the project are in `gone`. */
      images: Ids,
      addedBoxes: z.int(),
      removedBoxes: z.int(),
      gone: z.int(),
    })
    .nullable(),
  pinned: z.object({
    images: z.array(z.object({ image: Id, path: z.string() })).readonly(),
    /** Steps at which there are predictions, in rising order. */
    steps: z.array(z.int()).readonly(),
  }),
  /** What the engine had to say, with the steps. */
  notes: z.array(z.string()).readonly(),
})
export type RunDetail = z.infer<typeof RunDetail>

/** Something to know before a run starts. */
export const RunWarning = z.object({
  kind: z.enum([
    'cannot-train',
    'no-boxes',
    'no-validation',
    'shared-images',
    'few-boxes',
    'unlearnable',
    'no-positives',
    'no-outlines',
    /** The place cannot train this model. */
    'place',
    'unlabelled',
    'unreadable',
  ]),
  /** What is so, and what to do about it. */
  message: z.string(),
  /** Finds the images that it is about, in core/query's language; null where none does. */
  query: z.string().nullable(),
})
export type RunWarning = z.infer<typeof RunWarning>

export const Proposal = z.object({
  /** The preset for the data, with what the plan says over it. */
  options: TrainingOptions,
  architecture: z.enum(ARCHITECTURES),
  /** The detector's name; null where it is that of a file of another program, which the engine finds out. */
  detector: z.string().nullable(),
  /** What of the weights it begins with, as a sentence without its full stop. */
  beginsWith: z.string(),
  /** Objects to train on, and how many of them have an outline. */
  objects: z.object({ all: z.int(), outlined: z.int() }),
  /** Whether the weights were trained so that outlines decide which locations learn an object: a run from them is, too. */
  masks: z.boolean(),
  /** Whether outlines had better decide in a run that starts anew: most objects have one, and none loses all of its locations by it. */
  masksAdvised: z.boolean(),
  images: z.object({ training: z.int(), validation: z.int() }),
  perClass: z
    .array(z.object({ id: Id, name: z.string(), training: z.int(), validation: z.int() }))
    .readonly(),
  /** Best possible recall at this size is learnable / boxes. */
  recall: z.object({ boxes: z.int(), learnable: z.int() }),
  /** The commonest sizes of training images, most of them first. */
  sizes: z.array(z.object({ width: z.int(), height: z.int(), images: z.int() })).readonly(),
  engine: z.object({ title: z.string(), canTrain: z.boolean() }),
  cores: z.int(),
  memoryMb: z.object({ total: z.number(), free: z.number() }),
  warnings: z.array(RunWarning).readonly(),
})
export type Proposal = z.infer<typeof Proposal>

/** What a few steps of it took. */
export const RunCost = z.object({
  secondsPerStep: z.number(),
  /** Before the first step. */
  prepareSeconds: z.number(),
  /** The engine's memory at most, without a GPU's own. */
  peakMb: z.number(),
  canvas: z.object({ width: z.int(), height: z.int() }),
})
export type RunCost = z.infer<typeof RunCost>

/** Runs one after the other, on the same labels, to be compared. */
const ComparisonEntry = z.strictObject({
  /** Unique in its comparison; the run's name. */
  title: z.string().trim().min(1).max(100),
  /** The entry whose model this starts from, by index, an earlier one; null: what its plan says. */
  after: z.int().min(0).nullable(),
})

export const ComparisonRequest = z.strictObject({
  entries: z
    .array(ComparisonEntry.extend({ plan: RunPlan }))
    .min(1)
    .max(12)
    .refine(
      (all) => all.every(({ after }, i) => after === null || after < i),
      'A run starts from an earlier one',
    )
    .refine((all) => new Set(all.map(({ title }) => title)).size === all.length, 'Titles are unique'),
  pinned: PinnedPlan,
})
export type ComparisonRequest = z.infer<typeof ComparisonRequest>

export const Comparison = z.object({
  /** ISO 8601 */
  created: z.string(),
  /** stopped: by the user, or because the studio ended meanwhile; it can go on. */
  state: z.enum(['running', 'stopped', 'done']),
  entries: z.array(
    ComparisonEntry.extend({
      /** Null before its turn. */
      run: RunId.nullable(),
      /** Why it could not start, or failed; those after it went on. */
      error: WireErrorValue.nullable(),
    }),
  ),
})
export type Comparison = z.infer<typeof Comparison>

const OfRun = z.strictObject({ run: RunId })

export const RUN_METHODS = {
  /** The newest first. */
  'runs.list': method(None, z.array(RunSummary).readonly()),
  /** Which splits to use: train and val where there are any, else all images and none. */
  'runs.splits': method(
    None,
    z.object({ learnFrom: z.enum(SPLITS).nullable(), measureWith: z.enum(SPLITS).nullable() }),
  ),
  'runs.propose': method(RunPlan, Proposal),
  /**
   * What a Python of this machine can train on; '' asks the usual one. Throws RUNTIME_PYTHON, RUNTIME_TORCH, which say what is
   * missing.
   */
  'runs.python': method(
    z.strictObject({ python: z.string() }),
    z.object({ python: z.string(), title: z.string(), devices: z.array(TorchDevice).readonly() }),
  ),
  /** A job with RunCost. Throws USAGE_TRAINING while a run trains. */
  'runs.probe': startsJob(RunPlan, RunCost),
  /**
   * Trains. Throws USAGE_TRAINING while another run does, DATA_NO_BOXES, USAGE_NO_FILE, USAGE_RUN, IO_RUN. What happens later is
   * told by the run's own state.
   */
  'runs.start': method(
    z.strictObject({
      /** Left out: "Run 7". */
      name: z.string().trim().min(1).max(100).exactOptional(),
      plan: RunPlan,
      pinned: PinnedPlan,
    }),
    RunSummary,
  ),
  /** The latest comparison, whose runs are among the others; null where there was none. */
  'runs.comparison': method(None, Comparison.nullable()),
  /**
   * Trains runs one after the other, all on the labels as they are now. Takes the place of the comparison before, whose runs stay.
   * Throws as runs.start.
   */
  'runs.compare': method(ComparisonRequest, Comparison),
  /** Goes on with one that was stopped, or that the program's end interrupted. Throws USAGE_COMPARISON, and as runs.start. */
  'runs.continueComparison': method(None, Comparison),
  /** The run under way is saved and stopped, and no other starts. */
  'runs.cancelComparison': method(None, Nothing),
  /** After the step under way; its state is saved. Does nothing to a run that does not train, as the next two. */
  'runs.pause': method(OfRun, Nothing),
  'runs.continue': method(OfRun, Nothing),
  /** After the step under way; its state and model are saved. */
  'runs.cancel': method(OfRun, Nothing),
  /** Continues from the last saved state. Throws USAGE_TRAINING, USAGE_RUN. */
  'runs.resume': method(OfRun, RunSummary),
  /** Steps after `after`, and all evaluations after it. Throws USAGE_RUN, as the following ones. */
  'runs.curves': method(z.strictObject({ run: RunId, after: z.int().min(0) }), Curves),
  'runs.detail': method(OfRun, RunDetail),
  'runs.rename': method(z.strictObject({ run: RunId, name: z.string().trim().min(1).max(100) }), RunSummary),
  /** With its checkpoints; cannot be undone. Stops it first if it trains. */
  'runs.delete': method(OfRun, Nothing),
} as const

/** A run started, progressed, ended or was renamed; several times a second while it trains. */
export const RunChange = z.object({
  run: RunSummary,
  /** What is new of its curves; after a resumption or a roll-back the steps begin anew at an earlier one. */
  curves: Curves.nullable(),
  /** The last step with predictions for the pinned images; null before any. */
  pinnedStep: z.int().nullable(),
})
export type RunChange = z.infer<typeof RunChange>
