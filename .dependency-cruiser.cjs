/** The arrows of the architecture: renderer → core ← main; cli, web, desktop → studio → engine's client; engine → core. */
const only = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from },
  to: { pathNot: allowed },
})

/** Parts of the studio from the top down: each imports only those further down, never its neighbours in a row. */
const STUDIO = [
  ['api'],
  ['exports', 'report', 'detection'],
  ['evaluation', 'assist'],
  ['runs', 'models'],
  ['project'],
  ['datasets'],
  ['assets'],
  ['engine'],
  ['jobs.ts', 'settings.ts'],
]

const studioLayers = STUDIO.flatMap((row, depth) =>
  row.map((part) => {
    const others = STUDIO.slice(0, depth + 1)
      .flat()
      .filter((other) => other !== part)
    return {
      name: `studio-${part}-imports-only-what-lies-below`,
      severity: 'error',
      from: { path: `^src/main/studio/${part}(/|$)` },
      to: { path: `^src/main/studio/(${others.join('|')})(/|$)` },
    }
  }),
).filter(({ to }) => !to.path.includes('()'))

module.exports = {
  forbidden: [
    only(
      'core-imports-nothing',
      '^src/core',
      ['^src/core', '^node_modules/(zod|fast-xml-parser|yaml|papaparse)/'],
      'core is pure TypeScript: no Electron, Node, DOM or TensorFlow; only the parsers and schemas of its boundaries',
    ),
    {
      name: 'one-folder-imports-tensorflow',
      severity: 'error',
      from: { pathNot: '^(src/main/engine|tests)/' },
      to: { path: '^node_modules/@tensorflow/' },
    },
    {
      name: 'one-folder-imports-electron',
      severity: 'error',
      from: { pathNot: '^(src/main/desktop|src/preload|tests)/' },
      to: { path: '^(node_modules/)?electron(/|$)' },
    },
    only(
      'what-lies-below-knows-only-core',
      '^src/main/(images|files|process)/',
      ['^src/(core|main/(images|files|process))/', '^node_modules/(sharp|zod)/', '^node:', '^[a-z_/]+$'],
      'reading pictures, writing files and talking to children lie below engine, studio, cli and the shells',
    ),
    {
      name: 'jobs-lie-below-studio-and-shells',
      severity: 'error',
      from: { path: '^src/main/jobs' },
      to: { path: '^src/(main/(cli|studio|desktop|web|setup|engine)|renderer|preload)' },
    },
    {
      name: 'engine-knows-only-core',
      severity: 'error',
      from: { path: '^src/main/engine' },
      to: { path: '^src/(main/(cli|studio|desktop|web|setup)|renderer|preload)' },
    },
    {
      name: 'process-knows-only-core',
      severity: 'error',
      from: { path: '^src/main/process' },
      to: { path: '^src/(main/(?!process/)|renderer|preload)' },
    },
    {
      name: 'studio-reaches-the-engine-through-its-client',
      severity: 'error',
      from: { path: '^src/main/(studio|cli|web|desktop)' },
      to: { path: '^src/main/engine/' },
    },
    {
      name: 'studio-knows-no-shell',
      severity: 'error',
      from: { path: '^src/main/studio' },
      to: { path: '^src/(main/(cli|desktop|web)|renderer|preload)' },
    },
    {
      name: 'renderer-knows-only-core',
      severity: 'error',
      from: { path: '^src/renderer' },
      to: { path: '^src/(main|preload)' },
    },
    ...studioLayers,
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
}
