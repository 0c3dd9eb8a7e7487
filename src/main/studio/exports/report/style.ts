/** The report's look, in the file itself: dark where the reader's system is, light for print. */
export const STYLE = `
:root { color-scheme: light dark; --ground: #f6f7f8; --card: #fff; --line: #dfe3e8; --text: #1b1e23; --quiet: #565d68; --accent: #1f66e5;
  --good: #15794b; --bad: #c62f26; --missed: #8a6100;
  --s1: #1f66e5; --s2: #c26100; --s3: #0f7f66; --s4: #b8367f; --s5: #6d4bd0; --s6: #7a6a00; }
@media (prefers-color-scheme: dark) { :root { --ground: #16181c; --card: #1c1f24; --line: #2f343c; --text: #e6e8eb; --quiet: #a0a7b1;
  --accent: #4c8dff; --good: #4cc38a; --bad: #ff6b62; --missed: #e2b340;
  --s1: #5b9bff; --s2: #f2a33a; --s3: #2fb596; --s4: #e377b4; --s5: #a98bf0; --s6: #d8d05a; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1120px; padding: 32px 24px 64px; background: var(--ground); color: var(--text);
  font: 14px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
h1 { margin: 0; font-size: 26px; } h2 { margin: 40px 0 12px; font-size: 18px; } h3 { margin: 0 0 8px; font-size: 14px; }
p { margin: 4px 0; max-width: 80ch; } .quiet { color: var(--quiet); } .lines { white-space: pre-line; } code { overflow-wrap: anywhere; }
.grid { display: grid; gap: 16px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); }
.tiles { display: flex; flex-wrap: wrap; gap: 12px; margin: 20px 0 0; padding: 0; }
.tiles div { min-width: 104px; padding: 10px 14px; border-radius: 8px; background: var(--card); border: 1px solid var(--line); }
.tiles dt { color: var(--quiet); font-size: 12px; } .tiles dd { margin: 0; font-size: 22px; font-variant-numeric: tabular-nums; }
.card { margin: 0; padding: 14px; border: 1px solid var(--line); border-radius: 8px; background: var(--card); overflow-x: auto; }
.pictures { grid-template-columns: repeat(auto-fill, minmax(min(100%, 300px), 1fr)); }
.pictures svg { aspect-ratio: 4 / 3; border-radius: 4px; background: #0d0e10; }
figcaption { margin-top: 6px; color: var(--quiet); font-size: 12px; overflow-wrap: anywhere; }
svg { display: block; width: 100%; height: auto; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 14px; margin: 0 0 8px; padding: 0; list-style: none; color: var(--quiet); font-size: 12px; }
.legend i { display: inline-block; width: 10px; height: 10px; margin-right: 5px; border-radius: 3px; background: currentColor; }
.grid line, line.grid { stroke: var(--line); } .tick { fill: var(--quiet); font-size: 11px; }
.line { fill: none; stroke: currentColor; stroke-width: 1.75; stroke-linejoin: round; } .dot { fill: currentColor; }
.series-1 { color: var(--s1); } .series-2 { color: var(--s2); } .series-3 { color: var(--s3); }
.series-4 { color: var(--s4); } .series-5 { color: var(--s5); } .series-6 { color: var(--s6); }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: 4px 10px; border-bottom: 1px solid var(--line); text-align: right; } tr:last-child > * { border-bottom: 0; }
th { color: var(--quiet); font-weight: 600; } th:first-child, td:first-child { text-align: left; }
.settings { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 300px), 1fr)); gap: 6px 24px; margin: 0; }
.settings div { display: flex; gap: 12px; justify-content: space-between; border-bottom: 1px solid var(--line); }
.settings dt { color: var(--quiet); } .settings dd { margin: 0; text-align: right; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
.confusion td { background: color-mix(in srgb, var(--accent) calc(var(--share) * 55%), transparent); text-align: center; }
.confusion th { text-align: center; } .confusion tr > th:first-child { text-align: left; }
.mark rect { fill: none; stroke: currentColor; stroke-width: 2; vector-effect: non-scaling-stroke; }
.mark text { fill: currentColor; paint-order: stroke; stroke: #000; stroke-linejoin: round; font-weight: 600; }
.right { color: #4cc38a; } .wrong { color: #ff6b62; } .missed { color: #f0c541; } .missed rect { stroke-dasharray: 6 4; }
.keys .right { color: var(--good); } .keys .wrong { color: var(--bad); } .keys .missed { color: var(--missed); }
@media print { body { max-width: none; } .card { break-inside: avoid; } }
`
