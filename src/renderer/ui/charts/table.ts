import Papa from 'papaparse'

/** A chart's data as a table: a row of headings, then the values. */
export type Table = readonly (readonly (string | number | null)[])[]

export const tableCsv = (table: Table): string => `${Papa.unparse(table as unknown[][], { newline: '\n' })}\n`
