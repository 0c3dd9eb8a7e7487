/** The owner of a cell that learns no box. */
export const BACKGROUND = -1

/** The owner of a cell that neither costs nor learns. */
export const IGNORED = -2
