import { defineConfig, mergeConfig } from 'vitest/config';
import base from '../../vitest.config.ts';

/** Every file brings up a stack of its own on two cores: one at a time. */
export default mergeConfig(
  base,
  defineConfig({ test: { fileParallelism: false, testTimeout: 120_000, hookTimeout: 180_000 } }),
);
