import { parseArgs } from 'node:util';
import type { AppName } from '../support/program.ts';

export const USAGE = `npm run chaos -- [--seed N] [--minutes M] [--instances order=3,user=1] [--dry-run]

Disturbs a shop of its own, under load, as the seed says, and ends with the audit.
  --seed       0 to 4294967295: the same seed, minutes and instances make the same schedule; a random one if absent
  --minutes    of disturbances, 0.1 to 1440; 2 if absent
  --instances  of each app, 1 to 9; 2 of each if absent
  --dry-run    prints the schedule and does nothing
Exit status: 0 every promise was kept, 1 one was broken, 2 it was asked for something that it does not know, 130 broken off.
`;

export interface ChaosArguments {
  readonly seed: number;
  readonly minutes: number;
  readonly instances: Readonly<Record<AppName, number>>;
  readonly dryRun: boolean;
  readonly help: boolean;
  /** The command that does the same again. */
  readonly again: string;
}

const INSTANCES: Readonly<Record<AppName, number>> = { user: 2, inventory: 2, payment: 2, order: 2, gateway: 2 };
const MAX_SEED = 2 ** 32 - 1;

/** What was asked for, or what is wrong with it. */
export function argumentsOf(argv: readonly string[], randomSeed: () => number): ChaosArguments | string {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        seed: { type: 'string' },
        minutes: { type: 'string', default: '2' },
        instances: { type: 'string', default: '' },
        'dry-run': { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    const seed = values.seed === undefined ? randomSeed() : numberOf('--seed', values.seed, 0, MAX_SEED, true);
    const minutes = numberOf('--minutes', values.minutes, 0.1, 1_440, false);
    const instances = instancesOf(values.instances);
    const more = values.instances === '' ? '' : ` --instances ${values.instances}`;
    const again = `npm run chaos -- --seed ${seed} --minutes ${minutes}${more}`;
    return { seed, minutes, instances, dryRun: values['dry-run'], help: values.help, again };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function numberOf(name: string, text: string, least: number, most: number, whole: boolean): number {
  const number = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!(number >= least && number <= most) || (whole && !Number.isInteger(number))) {
    throw new TypeError(`${name} must be a ${whole ? 'whole ' : ''}number from ${least} to ${most}, not ${text}`);
  }
  return number;
}

function instancesOf(text: string): Readonly<Record<AppName, number>> {
  const instances = { ...INSTANCES };
  for (const part of text.split(',').filter((each) => each !== '')) {
    const [app = '', count = ''] = part.split('=', 2);
    if (!(app in instances)) throw new TypeError(`--instances: there is no ${app}`);
    instances[app as AppName] = numberOf(`--instances ${app}`, count, 1, 9, true);
  }
  return instances;
}
