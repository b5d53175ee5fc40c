import { serveTasks } from '../serve-tasks.ts';

serveTasks({
  echo: (input: unknown) => Promise.resolve(input),
  fail: (message: string) => Promise.reject(new Error(message)),
  hang: () => new Promise(() => undefined),
  end: () => process.exit(3),
});
