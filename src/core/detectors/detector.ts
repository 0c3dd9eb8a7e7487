/**
 * The interface of a detector: data and pure functions, so that code which does not know the detector can draw its targets,
 * train it, test it and export it. detectors.ts lists them all.
 *
 * A head reads the levels of a feature pyramid. At each of L locations it puts out named raw tensors, whose channels
 * belong to A cells: a cell is the location itself (A = 1), or one of its anchors. Cell c lies at location ⌊c / A⌋, and its
 * channels are contiguous. N images, K classes, C = L·A cells.
 */
import type { z } from 'zod'
import type { Size } from '../geometry/box.ts'
import type { Axes, Pyramid } from '../pyramid/levels.ts'
import type { Architecture } from './architectures.ts'
import type { Assigner, ObjectDetails, Outlines } from './assigner.ts'
import type { ModelConfig } from './model-config.ts'
import type { Candidates, Suppression } from './shared/candidates.ts'
import type { View } from './views.ts'

/** One image's ground truth, in pixels of the network's input. */
export interface LabelledBoxes {
  /** [N·4] x1, y1, x2, y2 */
  readonly boxes: Float32Array
  /** [N] indices of ModelConfig.classes */
  readonly classes: Int32Array
  /** [N] outline of each object in the same pixels, null where only its box is known. Left out if no object has an outline. */
  readonly outlines?: Outlines | undefined
}

/** Raw outputs of the head by name, or gradients by them: [N,L,channels], of one image [L,channels]. */
export type Outputs = Readonly<Record<string, Float32Array>>

/** The network between the pyramid and the raw outputs. The engine builds it, and weights are checked against it. */
export interface HeadDescription {
  /** The layers between the backbone and the towers. If left out, they are the feature pyramid P3 to P7. */
  readonly neck?: UpsamplingNeck | undefined
  /** Width of the pyramid and the towers. */
  readonly channels: number
  /** 3×3 convolutions of each tower, each with a norm and ReLU. */
  readonly depth: number
  /**
   * How the tensors of a tower are named. flat (where undefined): conv.0, its norm conv.1, then conv.3 and conv.4, …; every
   * convolution has a bias. blocks: conv.0.0, its norm conv.0.1, then conv.1.0, …; a convolution with a norm has no bias.
   */
  readonly layout?: 'flat' | 'blocks'
  /** The feature map from which P6 is computed; P5 where undefined. */
  readonly p6?: 'P5' | 'C5'
  /** batch: one BatchNorm per pyramid level and convolution, since statistics differ between levels. */
  readonly norm: 'group' | 'batch' | 'none'
  /** Number of groups of GroupNorm. */
  readonly groups: number
  /** Kernel size of the convolutions that give the outputs; 3 if left out. */
  readonly outputKernel?: 1 | 3 | undefined
  readonly towers: readonly Tower[]
  /** Parameters of the head that all locations share, such as a scale for each level. */
  readonly parameters: readonly HeadParameter[]
}

/**
 * From the deepest stage of the backbone to a single level: per stage a 3×3 convolution and a transposed 4×4 one that doubles
 * the size, each with a norm and ReLU ("Objects as Points" without deformable convolutions).
 */
export interface UpsamplingNeck extends Pick<HeadDescription, 'norm' | 'groups'> {
  /** Channels of each stage. The towers read those of the last. */
  readonly widths: readonly number[]
  /** Whether a 1×1 convolution of the backbone's feature map of the same size is added to the output of each transposed one. */
  readonly laterals: boolean
}

/** Convolutions that several outputs share. The order of towers, outputs and parameters is that of the state dict. */
export interface Tower {
  /** Prefix of the names of its tensors, such as "head.classification_head". */
  readonly root: string
  readonly outputs: readonly HeadOutput[]
}

/** A convolution on top of a tower, which gives raw values. */
export interface HeadOutput {
  /** The key in Outputs. */
  readonly name: string
  /** Prefix of the names of its weight and bias. */
  readonly tensor: string
  /** Number of channels at each location. */
  readonly channels: number
  /** Whether its channels are the classes. Those of a location's first cell come before those of its second. */
  readonly perClass?: boolean
  /** Initial value of the bias. */
  readonly bias: number
  readonly meaning: Meaning
}

/**
 * The meaning of the values in words, such as "distances to the sides in strides". The weights of one model are only loaded into
 * another where both have the same meaning, since names and shapes of tensors may agree by chance.
 */
export type Meaning = string

export interface HeadParameter {
  /** The key in HeadParameters. */
  readonly name: string
  readonly tensor: string
  readonly shape: readonly number[]
  readonly meaning: Meaning
}

/** Values of the head's own parameters by name, or gradients by them. */
export type HeadParameters = Readonly<Record<string, Float32Array>>

export interface HeadReading<Config> {
  readonly config: Config
  readonly grid: Pyramid
  readonly outputs: Outputs
  readonly parameters: HeadParameters
}

export interface LossInput<Config, Targets> extends HeadReading<Config> {
  /** The targets of each image. */
  readonly targets: readonly Targets[]
  /** Gives what losses are divided by, at least 1, for a number of positives: that number, or a moving average of it. */
  readonly normaliser: (positives: number) => number
  /** Overwritten with the gradients of the sum of all losses by the outputs. */
  readonly gradients: Outputs
}

export interface Losses {
  /** Each loss by its name. The total is their sum. */
  readonly losses: Readonly<Record<string, number>>
  /** Other figures to watch, by name. */
  readonly figures: Readonly<Record<string, number>>
  readonly positives: number
  readonly parameterGradients: HeadParameters
}

export interface DecodeInput<Config> extends HeadReading<Config> {
  /** Size of the image within the padded input, to which boxes are clipped. */
  readonly image: Size
  /** Factors from pixels of the network's input to those of the boxes; 1 if undefined. */
  readonly toSource?: Axes | undefined
  /** Candidates are what scores above it. */
  readonly scoreThreshold: number
  /** Largest number of candidates that each level gives: 1000. */
  readonly candidatesPerLevel: number
  /** Whether to include what would be best by the class score alone, so that detections can be selected exactly by either score. */
  readonly alsoByClass?: boolean
}

/** A curve of a training run. */
export interface Curve {
  /** The key in Losses. */
  readonly name: string
  readonly title: string
}

/** A curve with a chart of its own. */
export interface FigureCurve extends Curve {
  readonly line: string
  readonly unit: string
}

export interface Detector<
  Config extends ModelConfig = ModelConfig,
  Targets = unknown,
  Maps = unknown,
  Predicted = unknown,
> {
  readonly name: string
  readonly title: string
  /** A clause for a model card: "one-stage, anchor-free; Tian et al., ICCV 2019". */
  readonly about: string
  /** Describes the detector and its needs to people who choose one: a sentence or two without the last full stop. */
  readonly choice: string
  /** Whether it learns outlines; objects without one teach it little. */
  readonly learnsOutlines?: true
  readonly config: z.ZodType<Config>
  /** Schema of the part of `assignment`, `head` and `loss` that a run may set. */
  readonly choices: z.ZodType<ModelChoices>
  /** The configuration of a new model, by architecture. */
  readonly presets: Readonly<Record<Architecture, (classes: ModelConfig['classes']) => Config>>
  /** Published weights of the whole detector, names in resources/models.json; the best first. */
  readonly pretrained: Readonly<Partial<Record<Architecture, readonly string[]>>>

  /** What to say of a model besides what all models have. */
  describe(config: Config): Description

  /** The model of torchvision that has the same names of tensors; undefined where there is none. */
  torchvision(config: Config): string | undefined
  /**
   * The configuration of weights of torchvision's, which their file does not hold, by the names and shapes of their tensors, for
   * as many classes as their file has; null where they are another detector's.
   */
  fromTorchvision?(
    shapeOf: (name: string) => readonly number[] | undefined,
    classes: (count: number) => ModelConfig['classes'],
  ): Config | null
  /** From a name that earlier versions of torchvision gave a tensor to its present one. */
  presentName?(name: string): string

  grid(input: Size, config: Pick<Config, 'assignment'>): Pyramid
  /** A: 1 where locations themselves are the cells, or its anchors. */
  readonly cellsPerLocation: number
  /** Each object is learned in one cell, whatever its size. */
  readonly oneCellPerObject?: true
  head(config: Config): HeadDescription
  targets(grid: Pyramid, config: Config, objects: LabelledBoxes): Targets
  loss(input: LossInput<Config, Targets>): Losses
  /** "class 0.312, box 0.540": the losses and figures of a step in a line of text. */
  summary(figures: Readonly<Record<string, number>>): string
  /** The losses and figures that `loss` gives, in the order of their charts. */
  readonly losses: readonly Curve[]
  readonly figures: readonly FigureCurve[]
  decode(input: DecodeInput<Config>): Candidates
  /** IoU from which on its authors take a box for a duplicate of a better one; metrics are computed with it. */
  readonly nms: number

  /** What of a class stands for one object; boxes that overlap where it is left out. */
  readonly suppression?: ((config: Config) => Suppression) | undefined
  /** A second score of each candidate, in Candidates.parts, which says how well its box fits; null where there is none. */
  readonly quality: {
    readonly name: string
    readonly title: string
  } | null
  /** What `score` is, in words: "√(class probability × centerness)". */
  readonly ranking: string
  /** What candidates are ranked by, from the class score p and the quality q; p where there is no quality. */
  score(p: number, q: number): number

  readonly assigner: Assigner<Config['assignment']>
  /** The settings of `assignment` that the X-ray lets change; a detector with a panel of its own, FCOS, has none here. */
  readonly ruleFields?: readonly RuleField[]
  /** Maps of what every location learns, beside those of the assignment. `into` is an earlier result for the same grid. */
  targetMaps(
    grid: Pyramid,
    config: Pick<Config, 'assignment' | 'loss'>,
    boxes: Float32Array,
    matched: Int32Array,
    into?: Maps,
    details?: ObjectDetails,
  ): Maps
  predictionMaps(input: HeadReading<Config>): Predicted & PredictionMaps
  /** [K] p̂ of every class at one location. */
  classScoresAt(outputs: Outputs, location: number): Float32Array
  /** What one location learns, and what it predicts. */
  readTarget(maps: Maps, location: number): Reading
  readPrediction(maps: Predicted & PredictionMaps, location: number): Reading
  /** What the X-ray can draw of both, in the order of its menu. */
  readonly views: readonly View<Maps, Predicted & PredictionMaps>[]
}

/** One setting of `assignment`, by its key. */
export type RuleField = { readonly name: string; readonly title: string; readonly hint?: string } & (
  | { readonly kind: 'number'; readonly min: number; readonly max: number; readonly step: number }
  | { readonly kind: 'switch' }
  | { readonly kind: 'choice'; readonly options: readonly (readonly [value: string, title: string])[] }
)

export interface Description {
  /** Settings with their titles. */
  readonly settings: Readonly<Record<string, string>>
  /** "focal, GIoU" */
  readonly losses: string
  readonly assignment: string
}

/** What one location learns or predicts, for the eye. */
export interface Reading {
  /** From the location in the direction (dx, dy) of length 1, in pixels of the network's input. */
  readonly rays: readonly {
    readonly name: string
    readonly dx: number
    readonly dy: number
    readonly length: number
    /** Of rays to an outline: it does not meet it, or meets it several times and jumps to the farthest. */
    readonly mark?: 'missing' | 'jump' | undefined
  }[]
  /** Whether the rays' ends are an outline, and no sides of a box. */
  readonly isOutline?: boolean | undefined
  /** `of`: where the value is a number of things, of how many. */
  readonly figures: readonly { readonly title: string; readonly value: number; readonly of?: number }[]
  /** What the model has no output for, though others of its detector have: "no quality branch". */
  readonly lacks?: string | undefined
  /** Of the box, from the location, where a detector predicts it as such. */
  readonly centre?: { readonly dx: number; readonly dy: number } | undefined
}

/** Partial `assignment`, `head` and `loss` of a configuration. */
export interface ModelChoices {
  readonly detector?: string | undefined
  readonly head?: object | undefined
  readonly loss?: object | undefined
  readonly assignment?: object | undefined
}

/** What every detector can say of every location. */
export interface PredictionMaps {
  /** [L] p̂ of the best class, … */
  readonly classScores: Float32Array
  /** [L] … that class, an index in 0…K−1, of equals the first … */
  readonly labels: Int32Array
  /** [L] … and the score by which detections are ranked. */
  readonly scores: Float32Array
  /** [L] σ of the quality branch's logit, of models that have one. */
  readonly quality?: Float32Array | null
}
