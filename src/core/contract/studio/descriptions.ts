/**
 * What each method of the API does and what its parameters mean, for clients in other languages (`fcos api`). The schemas tell the
 * rest; the errors are listed beside each method.
 */
import type { MethodName } from '../studio.ts'

/** What it does, and of its parameters those that PARAMETERS does not describe as they are meant here. */
type Description = readonly [does: string, parameters?: Readonly<Record<string, string>>]

const OBJECTS =
  'Each with class, box and `source`: "drawn" by a person, "imported", "proposed" by a model, or "accepted"'

export const METHOD_DESCRIPTIONS: Readonly<Record<MethodName, Description>> = {
  'app.info': ['Says which version runs, in which shell, and what its engine runs on.'],
  'settings.all': ["Lists the window's remembered settings, by key."],
  'settings.set': [
    'Remembers a setting.',
    {
      key: 'Letters, digits, dots and hyphens, such as "canvas.grid"',
      value: 'Any JSON; null forgets the key',
    },
  ],
  'recent.list': ['Lists the projects that were opened recently.'],
  'recent.forget': ['Takes a project from the recent ones. Its files stay.', { path: 'Of the project' }],
  'folders.list': [
    'Lists a folder of the machine that the studio runs on.',
    { path: "Of the folder, or of a file in it; ~ is the user's home, and so is null" },
  ],

  'project.open': [
    'Opens a project, or makes one of a folder with images and looks for them in the background.',
    { path: 'A folder, a project file, an image, or a file of labels' },
  ],
  'project.create': [
    'Makes a project in one folder over the images of another, which is never written to.',
    { folder: 'Where the project is kept', imageRoot: 'Where the images are' },
  ],
  'project.openSample': ["Opens the bundled sample, of which the user's own data holds a copy."],
  'project.close': ['Closes the project. Its running jobs are cancelled.'],
  'project.summary': ['Describes the open project; null if none is open.'],
  'project.relocate': [
    'Says where the images are now, and starts to look for them there.',
    { imageRoot: 'Where the images are now' },
  ],
  'project.scan': ['Looks for images that were added, changed or lost since the last scan.'],
  'project.assignSplits': [
    'Assigns images to train, val and test, stratified by class.',
    {
      images: 'Ids; null: all that are not ignored',
      shares: 'Relative sizes of the splits',
      seed: 'The same seed gives the same splits',
    },
  ],
  'project.importSources': [
    'Lists what could be imported from a path.',
    { path: 'A folder or a file of labels' },
  ],
  'project.findLabels': ["Lists labels in the project's folders that were neither imported nor declined."],
  'project.declineLabels': [
    'Does not offer these labels again until their files change.',
    { fingerprints: 'Of project.findLabels' },
  ],
  'project.import': [
    'Imports labels.',
    {
      path: 'A folder or a file of labels',
      dryRun: 'Only count, and change nothing',
      from: 'The format that is meant, where a folder has labels of several; null: the only one',
      keepAbsent: 'Also take images whose file is missing',
    },
  ],
  'project.export': [
    'Writes labels as a data set.',
    {
      format: 'Of the data set',
      out: 'A folder; for COCO and CSV also a file. Null: only count',
      copyImages: 'Copy the images beside the labels',
    },
  ],

  'images.find': ['Finds images. Answers their ids in the order of their names.'],
  'images.list': ['Describes images, in the order of the ids; unknown ids are passed over.'],
  'images.setState': ['Sets how far the work on images is.', { state: 'new, in-progress, done or ignored' }],
  'images.setSplit': ['Puts images into a split.', { split: 'train, val or test; null: none' }],
  'images.setClass': ['Gives all labels of images one class. Proposals stay as they are.'],
  'images.remove': ['Takes images and their annotations out of the project. The files stay.'],
  'images.restore': ['Brings all removed images back, without labels.'],

  'annotations.of': ['Lists the objects of an image: labels, and proposals of a model.'],
  'annotations.add': ['Adds objects to an image, as one step.', { annotations: OBJECTS }],
  'annotations.update': [
    'Changes objects, all or none, as one step.',
    { changes: 'Ids of annotations, each with the keys that change' },
  ],
  'annotations.remove': ['Removes objects.', { ids: 'Of annotations' }],
  'annotations.rearrange': [
    'Changes, removes and adds objects of an image, as one step.',
    {
      changes: 'Ids of annotations, each with the keys that change',
      removed: 'Ids of annotations',
      added: OBJECTS,
    },
  ],
  'annotations.accept': [
    'Makes proposals labels: their source becomes "accepted".',
    { ids: 'Of annotations whose source is "proposed"' },
  ],
  'annotations.reject': [
    'Removes proposals, and remembers where they were, so that no model proposes them again.',
    { ids: 'Of annotations whose source is "proposed"' },
  ],
  'annotations.rejected': ['Lists where somebody has said that there is no object of a class.'],

  'classes.list': ["Lists the classes in the user's order, with the number of labels of each."],
  'classes.add': ['Adds a class.', { name: 'Of the class' }],
  'classes.addAll': ['Adds several classes, as one step.', { names: 'Of the classes' }],
  'classes.rename': ['Renames a class.', { id: 'Of the class', name: 'Its new name' }],
  'classes.recolour': ['Gives a class another colour.', { id: 'Of the class' }],
  'classes.reorder': ['Sets the order of the classes.', { ids: 'Of all classes, in their new order' }],
  'classes.merge': [
    'Makes one class of several.',
    { from: 'Ids of the classes that go', into: 'Id of the class that stays' },
  ],
  'classes.remove': ['Removes a class with its annotations.', { id: 'Of the class' }],

  'history.undo': [
    'Undoes the last step. Answers what it changed; null if there is none.',
    { step: 'Must be the last step; left out: whichever is' },
  ],
  'history.redo': ['Does the last undone step again. Answers what it changed; null if there is none.'],

  'jobs.list': ['Lists running jobs, and those that ended recently.'],
  'jobs.cancel': ['Cancels a job. Does nothing to one that has ended.', { job: 'Id of the job' }],

  'report.health': ['Looks for what is wrong with images and labels before anything is learnt.'],
  'report.inspect': ['Finds which boxes a detector cannot learn, and why.'],
  'report.ladders': ['Finds how many boxes could be learnt with other input sizes and radii.'],
  'report.detectors': [
    'Compares which boxes several detectors can learn.',
    { settings: 'Each a detector by name, with its input size and rules' },
  ],
  'report.outlines': ['Finds what masks and rays can say of the objects with outlines, and what they lose.'],
  'report.boxes': ['Lists boxes.', { filter: 'Which boxes' }],
  'report.writeBoxes': ['Writes all boxes as CSV.', { out: 'The file' }],

  'evaluation.list': ['Lists the evaluations, the newest first.'],
  'evaluation.start': [
    'Evaluates a model or a file of detections.',
    { source: 'A checkpoint, or a COCO results list' },
  ],
  'evaluation.remove': ['Removes an evaluation.'],
  'evaluation.summary': ['Answers the COCO metrics, overall and of each class.'],
  'evaluation.curves': [
    'Answers precision over recall.',
    {
      by: 'class: one curve per class; iou, size: one for each of those',
      classId: 'Of the class, where `by` is iou or size; null: the mean over the classes',
      iou: '0.5, 0.55, … 0.95; null: the mean over them',
      size: 'Size class of the objects',
    },
  ],
  'evaluation.confusion': [
    'Answers the confusion matrix.',
    { score: 'Minimum score', iou: 'Minimum IoU of a detection with its object' },
  ],
  'evaluation.errors': ['Answers how much of AP each kind of error costs.'],
  'evaluation.findings': [
    'Lists detections and objects that are right or wrong in a way.',
    {
      of: 'Which detections or objects',
      classId: 'Only where the detection or the object has this class; null: all',
      sort: 'Null: as `of` has them',
      offset: 'How many to pass over',
    },
  ],
  'evaluation.scores': [
    'Answers how scores go with IoU.',
    { axis: 'What stands on the horizontal axis', objects: 'Which objects a detection is compared with' },
  ],
  'evaluation.thresholds': ['Answers precision, recall and F1 of each class over the thresholds.'],
  'evaluation.figuresAt': ['Answers precision, recall and F1 at given thresholds.'],
  'evaluation.oracle': ['Computes what AP would be if parts of the detector were perfect.'],
  'evaluation.oracleResult': ['Answers what evaluation.oracle has computed; null before.'],
  'evaluation.saveThresholds': ['Saves minimum scores with the evaluation.'],

  'runs.list': ['Lists the training runs, the newest first.'],
  'runs.splits': ['Says which splits a run should use: train and val where there are any.'],
  'runs.propose': ['Answers the settings that a plan comes to, and why.'],
  'runs.python': [
    'Says what a Python of this machine can train on.',
    { python: 'Its path; empty: the usual one' },
  ],
  'runs.probe': ['Measures how long a training step takes and how much memory it needs.'],
  'runs.start': [
    'Trains. The event `run` tells how it goes on.',
    {
      name: 'Of the run; left out: "Run 7"',
      plan: 'What to train on what',
      pinned: 'Images whose predictions are kept',
    },
  ],
  'runs.comparison': ['Answers the latest comparison of detectors; null where there was none.'],
  'runs.compare': [
    'Trains several runs one after the other on the same labels.',
    {
      entries:
        'The runs in order, each with its plan; `after` is the index of one whose model it starts from',
      pinned: 'Images whose predictions are kept at intervals',
    },
  ],
  'runs.continueComparison': ['Goes on with a comparison that was stopped or interrupted.'],
  'runs.cancelComparison': ['Stops a comparison. The run under way is saved, and no other starts.'],
  'runs.pause': ['Pauses a run after the step under way.'],
  'runs.continue': ['Goes on with a paused run.'],
  'runs.cancel': ['Stops a run after the step under way. Its state and model are saved.'],
  'runs.resume': ['Continues a run from its last saved state.'],
  'runs.curves': ['Answers losses and evaluations.', { after: 'A step: what came before is left out' }],
  'runs.detail': ['Answers the settings, data and files of a run.'],
  'runs.rename': ['Renames a run.', { name: 'Its new name' }],
  'runs.delete': ['Deletes a run with its checkpoints. Cannot be undone.'],

  'models.list': ['Lists the models that there are: of runs, pretrained, and chosen files.'],
  'models.current': ['Answers the model in use; null: none.'],
  'models.use': ['Chooses the model in use.', { path: 'Of the checkpoint; null: none any more' }],
  'detect.images': [
    "Puts the model's guesses on images as proposals, in the place of those that it made before, as one step.",
    {
      images: 'A query, or ids',
      addClasses: 'Add classes that the project lacks, where something of them is found',
    },
  ],
  'detect.files': [
    'Detects in images and writes the detections as files.',
    {
      images: 'A query, or a folder',
      out: 'A folder that is empty or new',
      format: 'Of the files',
      pictures: 'Also draw pictures',
      thresholds: "Minimum scores by the model's class ids; a class without one has `score`",
    },
  ],
  'review.queue': ['Lists the images that are most useful to review, the best first.'],

  'assist.state': ['Says how the live learner is.'],
  'assist.start': ['Starts the live learner, which learns from every image that is done.'],
  'assist.stop': ['Stops the live learner. What it has learnt is kept.'],
  'assist.doubts': ['Lists labels that the model contradicts, the most confident first.'],
  'assist.dismiss': ['Takes a doubt from the list: the labels are right.', { box: 'Of the doubt' }],
  'assist.restore': ['Undoes `assist.dismiss`: lists the doubt again.', { box: 'Of the doubt' }],

  'exports.card': [
    'Drafts the card of a checkpoint.',
    {
      evaluation: 'Whose thresholds and figures to take; null: of none',
      licence: 'Such as "Apache-2.0"; empty: none',
    },
  ],
  'exports.model': [
    'Writes a model as one file and checks it.',
    {
      out: 'Ends in .safetensors or .onnx',
      onnx: 'An ONNX file instead of safetensors: `raw` outputs instead of detections, and the `precision`',
      card: 'The model card, Markdown',
      thresholds: 'A minimum score of each class; null: as the checkpoint has them',
      check: 'Number of images to check the file on',
      calibrate: 'Number of images to calibrate int8 on',
    },
  ],
  'exports.report': ['Writes the report of a run as one HTML file.', { out: 'The file' }],
  'exports.beginDownload': [
    'Answers where to export to what a browser is to download.',
    { name: 'Of the file that is downloaded' },
  ],
  'exports.packDownload': ['Packs what was exported for a download.', { id: 'Of exports.beginDownload' }],
}

/** Parameters that mean the same wherever they are. */
export const PARAMETERS: Readonly<Record<string, string>> = {
  classId: 'Id of a class',
  colour: '#rrggbb; left out: one that the others do not have',
  evaluation: 'Id of an evaluation',
  guesses: "The model's guesses on an image, as its candidates have them, which are not proposals yet",
  ids: 'Of images',
  image: 'Id of an image',
  iouType: 'segm: masks are compared; bbox, or left out: boxes',
  label: 'What the step is called in the history',
  learnFrom: 'Split to train on; null: all images',
  limit: 'Most entries',
  measureWith: 'Split to validate with; null: none',
  model: 'What to start from, or the path of a checkpoint',
  nms: 'IoU above which a box is dropped if a better one of its class overlaps it',
  options: 'Settings of the training; the rest follows the preset for the number of images',
  out: 'Where to write',
  overfit: 'Id of an image to overfit instead, as a sanity check; null: none',
  overwrite: 'Whether files may be replaced',
  place: "Where to train; left out: in the studio's engine",
  query: 'Which images, in the query language; empty: all',
  ranking: 'score: as the detector ranks; class: by class scores alone',
  run: 'Id of a run',
  score: 'Minimum score',
  setting: "The network's input size and the detector's rules",
  split: 'Only images of this split; null: all',
  thresholds: 'Minimum scores of classes',
}

/** Where METHOD_DESCRIPTIONS has none of its own, that of PARAMETERS; undefined where neither has. */
export const parameterDescription = (name: MethodName, parameter: string): string | undefined =>
  METHOD_DESCRIPTIONS[name][1]?.[parameter] ?? PARAMETERS[parameter]
