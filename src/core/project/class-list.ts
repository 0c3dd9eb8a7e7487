/** Names of classes from text that somebody pastes: a column, a YAML list, or names between commas. */

/** In their order, each once. Numbers and bullets before the names are no part of them. */
export function namesIn(text: string): string[] {
  const lines = text.replace(/^\s*names\s*:/i, '').split(/[\r\n]+/)
  const items = lines.flatMap((line) => line.replace(/^\s*\[|\]\s*$/g, '').split(/[,;\t]/))
  const names = items.map((item) =>
    item
      .trim()
      .replace(/^([-*•]\s+|\d+\s*[:.)]\s+)/, '')
      .replace(/^(['"])(.*)\1$/, '$2')
      .replace(/\s+/g, ' ')
      .trim(),
  )
  return [...new Set(names)].filter((name) => name !== '')
}
