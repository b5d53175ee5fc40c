import { watch } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Component } from '@stampede/lifecycle';
import { APPS, type App, type Settings } from './settings.ts';
import { supervise, type Program, type Supervised } from './supervised.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const DEBOUNCE_MS = 100;

/**
 * The apps, as many instances of each as the settings say, started together and stopped in the reverse of APPS (the gateway first), each
 * instance once those in front of it are gone. With `watch`, a change under `apps/<app>/src` restarts its instances, one under `libs` all.
 */
export function createApps(settings: Settings, say: (line: string) => void): Component {
  const running = new Map<App, Supervised[]>();
  const closers: (() => void)[] = [];

  function restartOnSave(): void {
    for (const app of APPS) closers.push(onSave(path.join(ROOT, 'apps', app, 'src'), () => restart(app)));
    closers.push(onSave(path.join(ROOT, 'libs'), () => APPS.forEach(restart)));
  }

  function restart(app: App): void {
    for (const supervised of running.get(app) ?? []) supervised.restart();
  }

  return {
    name: 'apps',
    async start() {
      for (const app of APPS) {
        const names = Array.from({ length: settings.instances[app] }, (_, index) => `${app}-${index + 1}`);
        running.set(
          app,
          names.map((name, index) =>
            supervise(program(app, name, index, settings), { logDir: path.join(settings.dataDir, 'logs'), say }),
          ),
        );
      }
      await Promise.all([...running.values()].flat().map((supervised) => supervised.start()));
      if (settings.watch) restartOnSave();
    },
    async stop() {
      for (const close of closers) close();
      for (const app of APPS.toReversed())
        await Promise.all((running.get(app) ?? []).map((supervised) => supervised.stop()));
    },
  };
}

function program(app: App, name: string, index: number, settings: Settings): Program {
  const { PORT, ...env } = process.env;
  // The first gateway has the port that was asked for; every other port is a free one.
  const port = app === 'gateway' && index === 0 ? { PORT: PORT ?? '' } : app === 'gateway' ? { PORT: '0' } : {};
  return {
    name,
    entry: path.join(ROOT, 'apps', app, 'src', 'main.ts'),
    nodeOptions: settings.watch ? ['--inspect=127.0.0.1:0'] : [],
    announces: false,
    env: () => ({ ...env, ...port, STAMPEDE_DATA: settings.dataDir }),
  };
}

function onSave(folder: string, run: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const watcher = watch(folder, { recursive: true }, (_event, file) => {
    if (file === null || file.includes('node_modules') || file.endsWith('.spec.ts')) return;
    clearTimeout(timer);
    timer = setTimeout(run, DEBOUNCE_MS);
  });
  return () => {
    clearTimeout(timer);
    watcher.close();
  };
}
