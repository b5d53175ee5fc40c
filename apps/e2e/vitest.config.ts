import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import shared from '../../vitest.config.ts';

/** Those that promise how long something takes, and so have the machine to themselves. */
const TIMED = ['src/dev.spec.ts', 'src/frozen.spec.ts', 'src/rolling-restart.spec.ts'];

const { reporters = [], ...common } = shared.test ?? {};

/** Groups run one after the other. */
function group(name: string, groupOrder: number, files: TestProjectInlineConfiguration['test']) {
  return {
    test: { ...common, testTimeout: 120_000, hookTimeout: 180_000, ...files, name, sequence: { groupOrder } },
  };
}

/** A shop that starts or waits leaves a core idle, so two files run side by side. */
export default defineConfig({
  test: {
    reporters,
    projects: [
      group('side by side', 0, { maxWorkers: 2, exclude: TIMED }),
      group('one by one', 1, { maxWorkers: 1, include: TIMED }),
    ],
  },
});
