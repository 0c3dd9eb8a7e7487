/** Resident memory of the process in MB, without a GPU's own memory. */
export const residentMb = (): number => Math.round(process.memoryUsage.rss() / 2 ** 20)

/** The maximum so far. */
export const peakMb = (): number => Math.round(process.resourceUsage().maxRSS / 1024)
