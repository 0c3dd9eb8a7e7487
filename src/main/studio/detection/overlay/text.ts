/** Renders text as pictures, in a typeface that comes with this project, because servers often have none. */
import { createRequire } from 'node:module'
import sharp from 'sharp'

const FONT_FILE = createRequire(import.meta.url).resolve(
  '@expo-google-fonts/inter/600SemiBold/Inter_600SemiBold.ttf',
)

export interface TextPicture {
  readonly png: Buffer
  readonly width: number
  readonly height: number
}

/** @param size of the letters in pixels per em. Characters that the typeface lacks come from the system's. */
export async function drawText(text: string, size: number, colour: string): Promise<TextPicture> {
  const markup = text.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`)
  const { data, info } = await sharp({
    text: {
      text: `<span foreground="${colour}">${markup}</span>`,
      font: `Inter Semi-Bold ${size}`,
      fontfile: FONT_FILE,
      // At 72 dpi a point is a pixel.
      dpi: 72,
      rgba: true,
    },
  })
    .png()
    .toBuffer({ resolveWithObject: true })
  return { png: data, width: info.width, height: info.height }
}
