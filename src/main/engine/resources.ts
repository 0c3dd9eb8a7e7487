/** The process's resident memory in MB: what it takes of the machine's, without a GPU's own. */
export const residentMb = (): number => Math.round(process.memoryUsage.rss() / 2 ** 20)

/** The most that it ever was. */
export const peakMb = (): number => Math.round(process.resourceUsage().maxRSS / 1024)
