/** The order in which people expect names: image-2 before image-10, either case together, each folder's files together. */
import { byText } from '../formats/named.ts'

/**
 * A text that sorts, character by character, as its name is to be sorted; SQLite sorts an index of such texts.
 *
 * A run of digits becomes its length and the digits without leading zeros, so that more digits are a greater number.
 * A folder ends with a character that sorts before all others. Accents are characters of their own, behind their letter.
 * Different names can have the same key ("1.png", "01.png", "1.PNG"): sort those by the names themselves.
 */
export const naturalKey = (name: string): string =>
  name
    .normalize('NFD')
    .toLowerCase()
    .replaceAll('/', '\u0001')
    .replace(
      /0*(\d+)/g,
      (_, digits: string) => `0${String.fromCodePoint(FIRST_LENGTH + digits.length)}${digits}`,
    )

/** Beyond what names hold beside digits; the longest path stays below the surrogates. */
const FIRST_LENGTH = 0x100

export const byName = (a: string, b: string): number => byText(naturalKey(a), naturalKey(b)) || byText(a, b)
