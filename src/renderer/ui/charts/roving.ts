/**
 * One stop of the Tab key for all marks of a chart: arrows move among elements with data-mark, Home and End to the first
 * and last, Enter and Space click. An attachment; `columns` of a grid make up and down go by rows.
 */
export const roving =
  (columns?: number) =>
  (chart: Element): (() => void) => {
    const listening = new AbortController()
    const marks = (): SVGElement[] => [...chart.querySelectorAll<SVGElement>('[data-mark]')]
    const enter = (): void => {
      const all = marks()
      if (all.length > 0 && !all.some(({ tabIndex }) => tabIndex === 0)) all[0]!.tabIndex = 0
    }
    enter()
    const changes = new MutationObserver(enter)
    changes.observe(chart, { childList: true, subtree: true })
    const move = (event: KeyboardEvent): void => {
      const all = marks()
      const at = all.indexOf(event.target as SVGElement)
      if (at < 0) return
      if (event.key === 'Enter' || event.key === ' ') {
        event.preventDefault()
        all[at]!.dispatchEvent(new MouseEvent('click', { bubbles: true }))
        return
      }
      const steps: Record<string, number> = {
        ArrowRight: at + 1,
        ArrowLeft: at - 1,
        ArrowDown: at + (columns ?? 1),
        ArrowUp: at - (columns ?? 1),
        Home: 0,
        End: all.length - 1,
      }
      const next = all[steps[event.key] ?? -1]
      if (event.key in steps) event.preventDefault()
      if (!next) return
      all[at]!.tabIndex = -1
      next.tabIndex = 0
      next.focus()
    }
    chart.addEventListener('keydown', move as EventListener, { signal: listening.signal })
    return () => {
      listening.abort()
      changes.disconnect()
    }
  }
