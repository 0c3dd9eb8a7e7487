/** What belongs to the user's desktop. Tests put their own functions in place of these. */

export const dialog = {
  showOpenDialog: async (): Promise<{ canceled: boolean; filePaths: string[] }> => ({
    canceled: true,
    filePaths: [],
  }),
  showSaveDialog: async (): Promise<{ canceled: boolean; filePath: string }> => ({
    canceled: true,
    filePath: '',
  }),
  showErrorBox: (title: string, content: string): void => console.error(`${title}: ${content}`),
}

export const shell = {
  openExternal: async (_url: string): Promise<void> => {},
  showItemInFolder: (_path: string): void => {},
}

const display = { id: 1, workArea: { x: 0, y: 0, width: 1920, height: 1040 } }

export const screen = { getPrimaryDisplay: () => display, getAllDisplays: () => [display] }
