/** A path as it is searched: whichever way its letters are composed (macOS decomposes them) and capitalised. */
export const nameKey = (path: string): string => path.normalize('NFC').toLowerCase()
