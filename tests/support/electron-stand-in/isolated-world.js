/**
 * Runs in the preload script's world before that script. An expression: a function that takes the binding to the main
 * process, and gives what the script requires and what main's messages go to.
 */
;(sendToMain) => {
  const post = (message) => sendToMain(JSON.stringify(message))
  const tell = (name, detail) => dispatchEvent(new CustomEvent(name, { detail: JSON.stringify(detail) }))
  const listeners = new Map()
  const answers = new Map()
  const ports = new Map()
  const apis = {}
  let nextId = 1

  const inward = (word) => {
    if ('callback' in word) return (...words) => tell('bridge-callback', { callback: word.callback, words })
    return 'file' in word ? { name: word.file } : word.json
  }
  addEventListener('bridge-call', ({ detail }) => {
    const { id, name, method, words } = JSON.parse(detail)
    const value = apis[name][method](...words.map(inward))
    if (!(value instanceof Promise)) {
      tell(`bridge-answer-${id}`, { value })
      return
    }
    tell(`bridge-answer-${id}`, { promise: true })
    value.then(
      (result) => tell('bridge-settled', { id, value: result }),
      (error) => tell('bridge-settled', { id, error: error.message }),
    )
  })

  /** The page's end of a port of the main process. */
  const openPort = (id) => {
    const { port1, port2 } = new MessageChannel()
    ports.set(id, port1)
    port1.onmessage = ({ data }) => post({ port: id, data })
    return port2
  }

  const electron = {
    contextBridge: {
      exposeInMainWorld(name, api) {
        apis[name] = api
        tell('bridge-expose', { name, functions: Object.keys(api) })
      },
    },
    ipcRenderer: {
      invoke: (channel, ...words) =>
        new Promise((resolve, reject) => {
          const invoke = nextId++
          answers.set(invoke, { resolve, reject })
          post({ invoke, channel, words })
        }),
      on: (channel, listener) => listeners.set(channel, [...(listeners.get(channel) ?? []), listener]),
    },
    // Only Chromium itself knows where a dropped file lies; whoever drops one tells by its name.
    webUtils: { getPathForFile: ({ name }) => sessionStorage.getItem(`path:${name}`) ?? '' },
  }

  return {
    require(name) {
      if (name === 'electron') return electron
      throw new Error(`module not found: ${name}`)
    },
    receive(message) {
      if ('answer' in message) {
        const { resolve, reject } = answers.get(message.answer)
        answers.delete(message.answer)
        if ('error' in message) reject(new Error(`Error invoking remote method: ${message.error}`))
        else resolve(message.value)
      } else if ('channel' in message) {
        const event = { ports: message.ports.map(openPort) }
        for (const listener of listeners.get(message.channel) ?? []) listener(event, ...message.words)
      } else if (message.closed) ports.get(message.port)?.close()
      else ports.get(message.port)?.postMessage(message.data)
    },
  }
}
