import { watch } from 'node:fs';
import path from 'node:path';
import type { Component } from '@stampede/lifecycle';
import { ROOT } from './apps.ts';
import { crashOnce } from './crash-once.ts';
import type { Settings } from './settings.ts';
import type { Program } from './launch.ts';
import { supervise, type Supervised } from './supervised.ts';

const DEBOUNCE_MS = 100;

/**
 * The apps, as many instances of each as the settings say, started together; when all is stopped, each goes
 * before those that it calls (the gateway first). With `watch`, a change under `apps/<app>/src` restarts its instances, one under `libs` all.
 */
export function createApps(settings: Settings, say: (line: string) => void): Component {
  const running = new Map<string, Supervised[]>();
  const closers: (() => void)[] = [];

  function restartOnSave(): void {
    for (const { name } of settings.apps)
      closers.push(onSave(path.join(ROOT, 'apps', name, 'src'), () => restart(name)));
    closers.push(onSave(path.join(ROOT, 'libs'), () => settings.apps.forEach(({ name }) => restart(name))));
  }

  function restart(app: string): void {
    for (const supervised of running.get(app) ?? []) supervised.restart();
  }

  return {
    name: 'apps',
    async start() {
      for (const { name: app } of settings.apps) {
        const names = Array.from({ length: settings.instances[app] ?? 1 }, (_, index) => `${app}-${index + 1}`);
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
      for (const { name } of settings.apps.toReversed())
        await Promise.all((running.get(name) ?? []).map((supervised) => supervised.stop()));
    },
  };
}

function program(app: string, name: string, index: number, settings: Settings): Program {
  // The first gateway has the address that was asked for; every other port is a free one, on loopback.
  const address = { HOST: settings.host, PORT: String(app === 'gateway' && index === 0 ? settings.port : 0) };
  const whole: Program = {
    name,
    entry: path.join(ROOT, 'apps', app, 'src', 'main.ts'),
    nodeOptions: settings.watch ? ['--inspect=127.0.0.1:0'] : [],
    overIpc: false,
    env: () => ({
      ...process.env,
      ...(app === 'gateway' ? address : { HOST: '', PORT: '' }),
      ADMIN_PORT: '',
      STAMPEDE_DATA: settings.dataDir,
    }),
  };
  return settings.crashAt?.app === app ? crashOnce(whole, settings.crashAt.point) : whole;
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
