/** The arrows of the architecture: renderer → core ← main; cli, web, desktop → studio → engine's client; engine → core. */
const only = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from },
  to: { pathNot: allowed },
})

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
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
}
