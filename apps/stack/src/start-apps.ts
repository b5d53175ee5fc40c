import path from 'node:path';
import type { Component } from '@stampede/lifecycle';
import { ROOT } from './apps.ts';
import { crashOnce } from './crash-once.ts';
import { inspectorPorts } from './dev/inspector-ports.ts';
import { libsOf } from './dev/libs-of.ts';
import { onSave } from './dev/on-save.ts';
import type { Settings } from './settings.ts';
import type { Program } from './launch.ts';
import { supervise, type Supervised } from './supervised.ts';

/**
 * The apps, as many instances of each as the settings say, started together; when all is stopped, each goes
 * before those that it calls (the gateway first). With `watch`, a change under `apps/<app>/src` restarts its instances, one under `libs/<lib>` those of the apps that
 * stand on it, and each has an inspector.
 */
export function createApps(settings: Settings, say: (line: string) => void): Component {
  const running = new Map<string, Supervised[]>();
  const closers: (() => void)[] = [];

  function restartOnSave(): void {
    for (const { name } of settings.apps) {
      const folder = path.join('apps', name, 'src');
      closers.push(onSave(path.join(ROOT, folder), (files) => restart([name], folder, files)));
    }
    const libs = new Map(settings.apps.map(({ name }) => [name, libsOf(ROOT, name)]));
    const uses = (app: string, file: string) => libs.get(app)?.has(file.split(path.sep, 1)[0] ?? '') === true;
    closers.push(
      onSave(path.join(ROOT, 'libs'), (files) => {
        const users = settings.apps.filter(({ name }) => files.some((file) => uses(name, file)));
        restart(
          users.map(({ name }) => name),
          'libs',
          files,
        );
      }),
    );
  }

  function restart(apps: readonly string[], folder: string, files: readonly string[]): void {
    if (apps.length === 0) return;
    say(`${files.map((file) => path.join(folder, file)).join(', ')} saved: restarting ${apps.join(', ')}`);
    for (const app of apps) for (const supervised of running.get(app) ?? []) supervised.restart();
  }

  return {
    name: 'apps',
    async start() {
      const names = settings.apps.map(({ name: app }) =>
        Array.from({ length: settings.instances[app] ?? 1 }, (_, index) => `${app}-${index + 1}`),
      );
      const inspectors = settings.watch ? await inspectorPorts(names.flat()) : new Map<string, number>();
      for (const [at, { name: app }] of settings.apps.entries()) {
        running.set(
          app,
          (names[at] ?? []).map((name, index) =>
            supervise(program(app, name, index, settings, inspectors.get(name)), {
              logDir: path.join(settings.dataDir, 'logs'),
              say,
            }),
          ),
        );
      }
      for (const [name, port] of inspectors) say(`${name} can be debugged at 127.0.0.1:${port}`);
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

function program(app: string, name: string, index: number, settings: Settings, inspector: number | undefined): Program {
  // The first gateway has the address that was asked for; every other port is a free one, on loopback.
  const address = { HOST: settings.host, PORT: String(app === 'gateway' && index === 0 ? settings.port : 0) };
  const whole: Program = {
    name,
    entry: path.join(ROOT, 'apps', app, 'src', 'main.ts'),
    nodeOptions: [...settings.nodeFlags, ...(inspector === undefined ? [] : [`--inspect=127.0.0.1:${inspector}`])],
    overIpc: false,
    env: () => ({
      ...(settings.watch && quickStart(settings)),
      ...process.env,
      ...(app === 'gateway' ? address : { HOST: '', PORT: '' }),
      ADMIN_PORT: '',
      STAMPEDE_DATA: settings.dataDir,
    }),
  };
  return settings.crashAt?.app === app ? crashOnce(whole, settings.crashAt.point) : whole;
}

/** What makes a restart take less than a second: compiled code is kept, and the gateway does not wait for its clients to leave. */
function quickStart({ dataDir }: Settings): NodeJS.ProcessEnv {
  return { NODE_COMPILE_CACHE: path.join(dataDir, 'compile-cache'), GATEWAY_DRAIN_MS: '0' };
}
