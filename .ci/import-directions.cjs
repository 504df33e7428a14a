// Imports point one way (design 6): cli -> domains -> files -> engine -> coordination -> database.
// settings.ts is a leaf that everybody may read. Nobody imports from test/.
const layers = ['database', 'coordination', 'engine', 'files', '(?:newspapers|preservation|museum|records)', 'cli'];
const upward = layers.slice(0, -1).map((layer, i) => ({
  name: `${layer.replace(/[^a-z|]/g, '')}-imports-upward`,
  severity: 'error',
  from: { path: `^src/${layer}/` },
  to: { path: `^src/(?:${layers.slice(i + 1).join('|')})/` },
}));
module.exports = {
  forbidden: [
    ...upward,
    {
      name: 'no-domain-imports-another',
      severity: 'error',
      from: { path: '^src/(newspapers|preservation|museum|records)/' },
      to: { path: '^src/(?:newspapers|preservation|museum|records)/', pathNot: '^src/$1/' },
    },
    { name: 'settings-is-a-leaf', severity: 'error', from: { path: '^src/settings\\.ts$' }, to: { path: '^src/' } },
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    { name: 'src-never-imports-tests', severity: 'error', from: { path: '^src/' }, to: { path: '^test/' } },
    {
      name: 'no-undeclared-package',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'unknown', 'undetermined'] },
    },
    {
      name: 'no-dev-package-in-src',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only', 'npm', 'npm-optional'] },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
  },
};
