/** Images, their objects, the classes, and the history of changes. Every changing call is one step of it. */
import { z } from 'zod'
import { IMAGE_STATES, SPLITS } from '../../project/model.ts'
import { method } from './method.ts'
import {
  AnnotationPatchValue,
  AnnotationValue,
  Box,
  ClassValue,
  Id,
  Ids,
  ImageValue,
  NewAnnotationValue,
  None,
  Nothing,
} from './values.ts'

export const ClientName = z.string().min(1).max(100)

/** The origin of a change: the client by the name that it gives itself (wire.ts), and its id of the call. */
export const Caller = z.object({ client: ClientName, call: z.int() })
export type Caller = z.infer<typeof Caller>

export const StepEffect = z.object({
  /** Names the step for history.undo. */
  step: Id,
  label: z.string(),
  /** Ids of the images whose annotations, state or split changed, or 'many'. */
  images: z.union([Ids, z.literal('many')]),
  classes: z.boolean(),
})
export type StepEffect = z.infer<typeof StepEffect>

/** Of a model about one image, seen in the window and never stored. */
const ImageGuesses = z.strictObject({ image: Id, annotations: z.array(NewAnnotationValue).min(1).readonly() })

const Name = z.string().max(200)
const Colour = z.string().max(20)

export const LABEL_METHODS = {
  /** Ids in the order of the names, by the query language of core/query. Throws USAGE_QUERY. */
  'images.find': method(z.strictObject({ query: z.string().max(10_000) }), z.object({ ids: Ids })),
  /** In the order of the ids; ids that name nothing are passed over. */
  'images.list': method(z.strictObject({ ids: Ids }), z.array(ImageValue).readonly()),
  'images.setState': method(z.strictObject({ ids: Ids, state: z.enum(IMAGE_STATES) }), Nothing),
  'images.setSplit': method(z.strictObject({ ids: Ids, split: z.enum(SPLITS).nullable() }), Nothing),
  /** Gives all labels of images one class; proposals stay as they are. Throws USAGE_CLASS. */
  'images.setClass': method(z.strictObject({ ids: Ids, classId: Id }), Nothing),
  /** Takes images out of the project, with their annotations. The files stay; no scan adds them again. */
  'images.remove': method(z.strictObject({ ids: Ids }), Nothing),
  /** Brings back all removed images, as new ones without labels. Undoing the removal brings the labels back too. */
  'images.restore': method(None, z.object({ ids: Ids })),

  'annotations.of': method(z.strictObject({ image: Id }), z.array(AnnotationValue).readonly()),
  /** Answers the new ids in the order given. Throws USAGE_BOX, USAGE_CLASS, USAGE_IMAGE. */
  'annotations.add': method(
    z.strictObject({
      image: Id,
      annotations: z.array(NewAnnotationValue).min(1).readonly(),
      label: z.string().max(100).exactOptional(),
    }),
    z.object({ ids: Ids }),
  ),
  /** All or none. Throws USAGE_ANNOTATION, USAGE_BOX, USAGE_CLASS. */
  'annotations.update': method(
    z.strictObject({
      changes: z
        .array(z.strictObject({ id: Id, patch: AnnotationPatchValue }))
        .min(1)
        .readonly(),
      label: z.string().max(100).exactOptional(),
    }),
    Nothing,
  ),
  'annotations.remove': method(z.strictObject({ ids: Ids }), Nothing),
  /**
   * One step that changes, removes and adds objects of an image, as joining and splitting do. Answers the new ids in the order
   * given. Throws USAGE_ANNOTATION, USAGE_BOX, USAGE_CLASS, USAGE_IMAGE.
   */
  'annotations.rearrange': method(
    z.strictObject({
      image: Id,
      changes: z.array(z.strictObject({ id: Id, patch: AnnotationPatchValue })).readonly(),
      removed: Ids,
      added: z.array(NewAnnotationValue).readonly(),
      label: z.string().min(1).max(100),
    }),
    z.object({ ids: Ids }),
  ),
  /** Makes proposals labels. Answers the ids of the guesses, in their order. Throws USAGE_BOX, USAGE_CLASS, USAGE_IMAGE. */
  'annotations.accept': method(
    z.strictObject({ ids: Ids, guesses: ImageGuesses.exactOptional() }),
    z.object({ ids: Ids }),
  ),
  /** Their places are remembered, so that no model proposes the same again. */
  'annotations.reject': method(z.strictObject({ ids: Ids, guesses: ImageGuesses.exactOptional() }), Nothing),
  /** Boxes in which somebody has said that there is no object of a class. */
  'annotations.rejected': method(
    z.strictObject({ image: Id }),
    z.array(z.object({ classId: Id, box: Box })).readonly(),
  ),

  /** In the user's order, with the number of labels of each. */
  'classes.list': method(None, z.array(ClassValue.extend({ labels: z.int() })).readonly()),
  'classes.add': method(z.strictObject({ name: Name, colour: Colour.exactOptional() }), z.object({ id: Id })),
  /** Several, as one step. `known`: names that the project has already. Throws USAGE_CLASS_NAME. */
  'classes.addAll': method(
    z.strictObject({ names: z.array(Name).min(1).max(10_000).readonly() }),
    z.object({ ids: Ids, known: z.array(z.string()).readonly() }),
  ),
  'classes.rename': method(z.strictObject({ id: Id, name: Name }), Nothing),
  'classes.recolour': method(z.strictObject({ id: Id, colour: Colour }), Nothing),
  'classes.reorder': method(z.strictObject({ ids: Ids }), Nothing),
  'classes.merge': method(z.strictObject({ from: Ids, into: Id }), Nothing),
  /** With its annotations. */
  'classes.remove': method(z.strictObject({ id: Id }), Nothing),

  /**
   * Undoes the last step; null if there is none. Where one is named it must be the last: throws USAGE_STEP if another,
   * perhaps of another window, came after it, or if it is already undone.
   */
  'history.undo': method(z.strictObject({ step: Id.exactOptional() }), StepEffect.nullable()),
  'history.redo': method(None, StepEffect.nullable()),
} as const
