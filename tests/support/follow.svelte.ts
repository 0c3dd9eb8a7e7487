/** Follows what asks about an image, in an effect root, for an image that a test changes. */
export function follow(
  asker: { follow(image: () => number | undefined): void },
  first: number | undefined,
): { image: number | undefined; readonly stop: () => void } {
  let image = $state(first)
  const stop = $effect.root(() => asker.follow(() => image))
  return {
    get image() {
      return image
    },
    set image(id) {
      image = id
    },
    stop,
  }
}

/** Follows in an effect root until it is stopped, with what the window would pass. */
export const followed = <Source>(asker: { follow(source: Source): void }, source: Source): (() => void) =>
  $effect.root(() => asker.follow(source))
