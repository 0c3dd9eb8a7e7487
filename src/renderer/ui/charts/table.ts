import Papa from 'papaparse'

/** The numbers of a chart as a table: a row of headings, then the values. */
export type Table = readonly (readonly (string | number | null)[])[]

export const tableCsv = (table: Table): string => `${Papa.unparse(table as unknown[][], { newline: '\n' })}\n`
