/** Shared by the commands of the fcos program, so that help, output and progress look the same everywhere. */
import { type Command, Option } from 'commander'
import { RuntimeName } from '../../core/contract/runtime.ts'

export interface CommandLine {
  /** A command whose help ends with an example, and which takes --json. */
  command(usage: string, summary: string, help: CommandHelp): Command
  /** Prints the result of a command, as one JSON document or as human-readable lines. */
  print(options: { readonly json?: boolean }, json: unknown, text: () => string): void
}

export interface CommandHelp {
  /** Paragraphs after the options, wrapped to the width of the terminal. */
  readonly more?: readonly string[]
  readonly example: string
}

export const choice = (flags: string, description: string, values: readonly string[]): Option =>
  new Option(flags, description).choices(values)

export const fastMath = (command: Command): Command =>
  command
    .option(
      '--fast-math',
      'let convolutions round to bfloat16 (the default where the CPU computes faster in it)',
    )
    .option('--no-fast-math', 'compute in float32 throughout')

/** For commands that detect. */
export const RUNTIME = choice(
  '--runtime <name>',
  'what to detect on (default: whichever is faster here)',
  RuntimeName.options,
)

export const DEVICE = choice(
  '--device <device>',
  'to compute on (default: the GPU that setup found, else the CPU)',
  ['cpu', 'gpu'],
)

/** For commands that read data sets. */
export const fromFormat = (command: Command): Command =>
  command.addOption(
    choice('--from <format>', 'format of the labels to read, if a folder has labels in several', [
      'coco',
      'voc',
      'yolo',
      'labelme',
      'csv',
    ]),
  )

/** How data sets are named on the command line. */
export const DATASETS = [
  'A data set is a COCO .json, a Pascal VOC folder, a YOLO data.yaml or folder, a folder of LabelMe files, a .csv, or a ' +
    'studio project (its folder or file), from which the labels of images that are in progress or done are taken, excluding proposals.',
  'DATASET:train selects one of its lists or splits, and so does the path of a list (ImageSets/Main/train.txt, images/train).',
]
