/** Keys of other tools where they differ from the defaults: command id → keys in tinykeys' notation. */

export type KeyPreset = 'default' | 'labelme' | 'cvat'

export const PRESETS: Readonly<Record<KeyPreset, Readonly<Record<string, readonly string[]>>>> = {
  default: {},
  // labelme 5, X-AnyLabeling and AnyLabeling use A and D, as the defaults do.
  labelme: {
    'tool.draw': ['$mod+r'],
    'tool.select': ['$mod+j'],
    'view.actualSize': ['$mod+0'],
    'view.fit': ['$mod+f'],
  },
  // Default commands whose keys CVAT uses get other keys.
  cvat: {
    'tool.draw': ['n'],
    'tool.select': ['s'],
    'object.reject': ['u'],
    'image.doneNext': ['Alt+f'],
    'image.next': ['f'],
    'image.previous': ['d'],
    'image.forward': ['v'],
    'image.back': ['c'],
    'object.pickClass': ['Alt+c'],
    'object.hide': ['h'],
    'object.lock': ['l'],
    'object.copyFromPrevious': ['$mod+b'],
  },
}
