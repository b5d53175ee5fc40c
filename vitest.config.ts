import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** A folder that gets a JSON report of every project, for whoever adds up the tests; none if unset. */
const reports = process.env['STAMPEDE_TEST_REPORTS'];
const project = path.basename(
  process.argv.includes('--root') ? (process.argv[process.argv.indexOf('--root') + 1] ?? '') : '',
);

/** One configuration for every project: `--root` names the project, Nx runs the projects side by side. */
export default defineConfig({
  test: {
    include: ['src/**/*.spec.ts'],
    // One Postgres for a run, started when the first test asks for a database.
    globalSetup: [fileURLToPath(new URL('./libs/testing/src/vitest-setup.ts', import.meta.url))],
    passWithNoTests: false,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
    restoreMocks: true,
    reporters:
      reports === undefined
        ? ['default']
        : ['default', ['json', { outputFile: path.join(reports, `${project}.json`) }]],
  },
});
