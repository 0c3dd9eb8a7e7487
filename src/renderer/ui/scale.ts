/** CSS pixels of the viewport, in which pointer events and bounding rectangles are given, for each of the interface's own. */
export const uiScale = (): number =>
  Number(document.documentElement.style.getPropertyValue('--ui-scale')) || 1
