/** What the core says without a capital and a full stop, as a sentence of its own. */
export const sentence = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`
