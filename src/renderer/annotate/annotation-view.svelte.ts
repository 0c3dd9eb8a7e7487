/** State of the Annotate place: the canvas, its tool and view, and what it shows of the open image. */
import { createContext, untrack } from 'svelte'
import type { ImageInfo } from '../../core/contract/image-assets.ts'
import type { Shape } from '../../core/geometry/shape.ts'
import { CanvasView } from '../canvas/canvas-view.ts'
import type { CanvasShape, EditPort, Scene } from '../canvas/editing.ts'
import { type DepthWindow, fetchInfo } from '../canvas/picture/image-assets.ts'
import type { Readout } from '../canvas/readout.ts'
import type { ToolName } from '../canvas/toolbox.ts'
import { Guesses } from '../detect/guesses.svelte.ts'
import type { Studio } from '../session/studio.svelte.ts'
import { wheelOf } from '../session/view-settings.ts'
import { SideBySide, type SidePanel } from '../xray/side-by-side.svelte.ts'
import { Xray } from '../xray/xray.svelte.ts'
import { canvasColours } from './canvas-colours.ts'
import { AnnotateMenus, type PagePoint } from './menus.svelte.ts'

export const [useAnnotationView, provideAnnotationView] = createContext<AnnotationView>()

/** Number of images on either side that are fetched and decoded ahead. */
const PREFETCHED = 2

/** Stands in for a deleted class until the list has been reloaded. */
const UNKNOWN_CLASS = { name: '?', colour: '#999999' }

/** Id of a review tour's detection, which is not an annotation. */
const GUESS_ID = Number.MIN_SAFE_INTEGER

/** How one image is displayed. Each image gets its own. */
class OpenPicture {
  readonly id: number | null
  /** For images of more than 8 bits, the values shown as black and white; null for the whole range. */
  depthWindow = $state.raw<DepthWindow | null>(null)
  /** Null until it has been loaded. */
  info = $state.raw<ImageInfo | null>(null)

  constructor(id: number | null) {
    this.id = id
  }
}

export class AnnotationView {
  readonly #studio: Studio
  #element: HTMLElement | null = null
  readonly xray: Xray
  readonly sides: SideBySide
  readonly guesses: Guesses
  readonly menus = new AnnotateMenus()
  /** Null while the place is not shown. */
  canvas = $state.raw<CanvasView | null>(null)
  readout = $state.raw<Readout | null>(null)
  tool = $state<ToolName>('draw')
  snapping = $state(false)
  magnet = $state(false)
  /** Outlines are simplified, and made of masks, within this distance in px. */
  tolerance = $state(1)
  /** Affects the display only; 1 leaves the picture unchanged. */
  brightness = $state(1)
  contrast = $state(1)

  readonly boxes: readonly CanvasShape[] = $derived.by(() => {
    const { editor, classById } = this.#studio
    return editor.image.objects.map((one) => {
      const { name, colour } = classById.get(one.classId) ?? UNKNOWN_CLASS
      const proposed = one.source === 'proposed'
      return {
        id: one.id,
        box: one.box,
        segmentation: one.segmentation,
        area: one.area,
        classId: one.classId,
        colour,
        label: name,
        hidden: editor.image.hidden.has(one.id) || (proposed && this.guesses.hides(one.id, one.score)),
        locked: editor.image.locked.has(one.id),
        proposed,
        score: one.score,
        crowd: one.crowd,
        difficult: one.difficult,
      }
    })
  })

  /** The detection that the tour shows, until the same box is a label. */
  readonly #guess: CanvasShape | null = $derived.by(() => {
    const { editor, tour, classById } = this.#studio
    const { imageId, guess } = tour.current ?? {}
    if (!guess || imageId !== editor.image.loaded) return null
    const { classId, box, score, segmentation = null } = guess
    if (editor.image.annotations.some((one) => one.classId === classId && `${one.box}` === `${box}`))
      return null
    const { name, colour } = classById.get(classId) ?? UNKNOWN_CLASS
    const outline = { segmentation, area: null }
    const flags = { hidden: false, locked: true, proposed: true, crowd: false, difficult: false }
    return { id: GUESS_ID, classId, box, score, colour, label: name, ...outline, ...flags }
  })

  readonly scene: Scene = $derived.by(() => {
    const { editor, images, classById } = this.#studio
    const row = images.currentRow
    const shown = row && row.error === null && row.width > 0
    return {
      image: shown ? { id: row.id, width: row.width, height: row.height } : null,
      shapes: this.#guess ? [...this.boxes, this.#guess] : this.boxes,
      selection: editor.image.selection,
      penColour: (classById.get(editor.penClass ?? -1) ?? UNKNOWN_CLASS).colour,
    }
  })

  readonly #shownImage = $derived(this.scene.image?.id ?? null)
  readonly picture = $derived(new OpenPicture(this.#shownImage))

  constructor(studio: Studio) {
    this.#studio = studio
    this.xray = new Xray(studio)
    this.sides = new SideBySide(studio, this.xray)
    this.guesses = new Guesses(studio)
  }

  #selectFirstProposal(): void {
    const { editor, messages } = this.#studio
    const proposals = this.boxes.filter(({ proposed }) => proposed)
    const first = proposals.find(({ hidden }) => !hidden)
    if (first) editor.image.select([first.id])
    else if (proposals.length > 0) messages.say('The sliders below hide the proposals of this image')
  }

  resetPicture(): void {
    this.brightness = 1
    this.contrast = 1
    this.picture.depthWindow = null
  }

  /** Where a picker opens that a key asked for: at the pointer, otherwise at the selection or in the middle. */
  pickerPlace(): PagePoint {
    const pointer = this.canvas?.pointer
    if (pointer) return pointer
    const { left, top, width, height } = this.#element!.getBoundingClientRect()
    const [selected] = this.#studio.editor.image.selected
    const { x, y } =
      selected && this.canvas ? this.canvas.placeOf(selected.box).from : { x: width / 2 - 120, y: height / 3 }
    return { x: left + Math.max(0, x), y: top + Math.max(0, y) }
  }

  /** An attachment: the canvas lives as long as the element. */
  readonly attach = (container: HTMLDivElement): (() => void) => {
    const { editor } = this.#studio
    const canvas = this.#open(container, (readout) => {
      this.readout = readout
      this.xray.pointed(readout.cursor)
    })
    this.canvas = canvas
    editor.gesture = canvas
    this.#element = container
    const stop = $effect.root(() => this.#follow(canvas))
    return () => {
      stop()
      this.canvas = null
      editor.gesture = null
      canvas.destroy()
    }
  }

  /** An attachment for a canvas beside the first. */
  readonly attachPanel =
    (panel: SidePanel) =>
    (container: HTMLDivElement): (() => void) => {
      const canvas = this.#open(container, ({ cursor }) => panel.pointed(cursor), untrack(() => this.canvas)!)
      const stop = $effect.root(() => {
        this.#followScene(canvas)
        panel.follow(canvas, () => this.scene.image)
      })
      return () => {
        stop()
        canvas.destroy()
      }
    }

  #open(container: HTMLDivElement, onReadout: (readout: Readout) => void, beside?: CanvasView): CanvasView {
    const { editor } = this.#studio
    const port: EditPort = {
      add: (shape) => void editor.draw(shape),
      change: (shapes) => editor.move(shapes, stepOf([...shapes.values()])),
      nudge: (shapes) => editor.nudge(shapes),
      select: (ids, mode) =>
        editor.image.select(
          ids.filter((id) => id !== GUESS_ID),
          mode,
        ),
      draft: (boxes) => {
        editor.image.draft = boxes
        for (const panel of [this.xray, ...this.sides.panels]) panel.drafted(this.scene.image, boxes)
      },
    }
    return new CanvasView(container, { port, colours: canvasColours(), onReadout, beside })
  }

  /** What all canvases show of the image, and how their tools work. */
  #followScene(canvas: CanvasView): void {
    $effect(() => canvas.setScene(this.scene))
    $effect(() => canvas.setAdjustment(this.brightness, this.contrast))
    $effect(() => canvas.setDepthWindow(this.picture.depthWindow))
    $effect(() => {
      canvas.tool = this.tool
    })
    $effect(() => {
      canvas.snapping = this.snapping
      canvas.magnet = this.magnet
    })
    $effect(() => {
      canvas.wheel = wheelOf(this.#studio)
    })
    const theme = new MutationObserver(() => canvas.setColours(canvasColours()))
    theme.observe(document.documentElement, { attributeFilter: ['data-theme'] })
    $effect(() => () => theme.disconnect())
  }

  #follow(canvas: CanvasView): void {
    const { images, editor, review, tour } = this.#studio
    this.#followScene(canvas)
    $effect(() => {
      const stop = tour.current
      if (stop === null || stop.imageId !== editor.image.loaded || stop.imageId !== this.#shownImage) return
      const object = untrack(() => editor.image.annotations.find(({ id }) => id === stop.annotationId))
      canvas.reveal(object?.box ?? stop.guess?.box ?? stop.box, stop.box)
      editor.image.select(object ? [object.id] : [])
    })
    $effect(() => {
      const { wanted } = review
      if (wanted === null || wanted !== editor.image.loaded || wanted !== this.#shownImage) return
      review.wanted = null
      this.tool = 'select'
      untrack(() => this.#selectFirstProposal())
    })
    this.xray.follow(canvas, () => this.scene.image)
    this.guesses.follow(() => this.readout?.cursor ?? null)
    $effect(() => {
      const { picture } = this
      if (picture.id === null) return undefined
      const abort = new AbortController()
      fetchInfo(picture.id, abort.signal).then(
        (info) => {
          picture.info = info
        },
        // The canvas reports an image that fails to load.
        () => {},
      )
      return () => abort.abort()
    })
    $effect(() => {
      if (images.current !== null) canvas.prefetch(images.neighbours(PREFETCHED))
    })
  }
}

/** What a change of shapes is called in the history. */
const stepOf = (shapes: readonly Shape[]): string => {
  if (shapes.length > 1) return 'Move objects'
  return shapes[0]?.segmentation ? 'Change outline' : 'Change box'
}
