/** Apart from video.ts, so that who detects in images does not load that. */
export const isVideo = (file: string): boolean => /\.(mp4|m4v|mov|avi|mkv|webm|mpe?g|wmv)$/i.test(file)
