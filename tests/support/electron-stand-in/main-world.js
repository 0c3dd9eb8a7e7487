/**
 * Runs in a page before its own scripts: the page's side of contextBridge.exposeInMainWorld. Worlds see each other's events
 * on `window`, whose details pass as text; events are dispatched at once, so that functions of the bridge can answer at once.
 */
;(() => {
  const callbacks = []
  const promises = new Map()
  let nextId = 1
  const outward = (value) => {
    if (typeof value === 'function') return { callback: callbacks.push(value) - 1 }
    if (value instanceof File) return { file: value.name }
    return { json: value }
  }
  const on = (name, listener) => addEventListener(name, ({ detail }) => listener(JSON.parse(detail)))

  on('bridge-expose', ({ name, functions }) => {
    const api = {}
    for (const method of functions) {
      api[method] = (...words) => {
        const id = nextId++
        let answer
        const take = ({ detail }) => {
          answer = JSON.parse(detail)
        }
        addEventListener(`bridge-answer-${id}`, take, { once: true })
        const detail = JSON.stringify({ id, name, method, words: words.map(outward) })
        dispatchEvent(new CustomEvent('bridge-call', { detail }))
        if (!answer.promise) return answer.value
        return new Promise((resolve, reject) => promises.set(id, { resolve, reject }))
      }
    }
    Object.defineProperty(window, name, { value: Object.freeze(api) })
  })
  on('bridge-settled', ({ id, value, error }) => {
    const { resolve, reject } = promises.get(id)
    promises.delete(id)
    if (error === undefined) resolve(value)
    else reject(new Error(error))
  })
  on('bridge-callback', ({ callback, words }) => callbacks[callback](...words))
})()
