/** A path in the form in which it is searched: in lower case and with composed letters, which macOS decomposes. */
export const nameKey = (path: string): string => path.normalize('NFC').toLowerCase()
