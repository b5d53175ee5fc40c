import { defineConfig } from 'vitest/config';

/** One configuration for every project: `--root` names the project, Nx runs the projects side by side. */
export default defineConfig({
  test: {
    include: ['src/**/*.spec.ts'],
    passWithNoTests: false,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
    restoreMocks: true,
  },
});
