/** Lines of a table for people: the first column to the left, numbers to the right. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i].length)))
  return [header, ...rows].map((row) =>
    row.map((text, i) => (i === 0 ? text.padEnd(widths[0]) : text.padStart(widths[i]))).join('  '),
  )
}

/** "98.4 %", or a dash where there is nothing to divide by. */
export const percent = (part: number, whole: number): string =>
  whole === 0 ? '–' : `${((100 * part) / whole).toFixed(1)} %`
