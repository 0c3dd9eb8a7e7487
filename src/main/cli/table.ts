/** Lines of a text table: the first column aligned left, the numbers right. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = header.map((title, i) =>
    rows.reduce((most, row) => Math.max(most, row[i].length), title.length),
  )
  return [header, ...rows].map((row) =>
    row.map((text, i) => (i === 0 ? text.padEnd(widths[0]) : text.padStart(widths[i]))).join('  '),
  )
}

/** "98.4 %", or a dash if `whole` is 0. */
export const percent = (part: number, whole: number): string =>
  whole === 0 ? '–' : `${((100 * part) / whole).toFixed(1)} %`
