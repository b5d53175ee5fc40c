import { serveTasks } from '../serve-tasks.ts';

serveTasks({
  echo: (input: unknown) => Promise.resolve(input),
  fail: (message: string) => Promise.reject(new Error(message)),
  hang: () => new Promise(() => undefined),
  end: () => process.exit(3),
  // Answers when whoever asked has long gone, before it could notice.
  busy: () => {
    for (const until = performance.now() + 500; performance.now() < until;);
    return Promise.resolve();
  },
});
