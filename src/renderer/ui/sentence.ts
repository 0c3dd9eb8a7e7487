/** Turns a message of the core into a sentence, with a capital and a full stop. */
export const sentence = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`
