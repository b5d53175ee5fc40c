import { parseArgs } from 'node:util';
import type { Bench } from '../bench.ts';
import { UsageError } from './usage-error.ts';

export interface Command {
  readonly bench: Bench;
  /** The parts of it that were named; absent where none was. */
  readonly parts?: readonly string[];
  readonly json: boolean;
  readonly seconds: number;
  readonly rounds: number;
}

/** What is asked for; undefined where the list of benches is. Throws UsageError. */
export function readArguments(argv: readonly string[], benches: readonly Bench[]): Command | undefined {
  const { values, positionals } = parse(argv);
  const [name, ...rest] = positionals;
  if (name === undefined || values.help === true) return undefined;
  const bench = benches.find((each) => each.name === name);
  if (bench === undefined) throw new UsageError(`there is no bench "${name}"`);
  const stranger = rest.find((part) => bench.parts?.includes(part) !== true);
  if (stranger !== undefined) {
    if (bench.parts === undefined) throw new UsageError(`one bench at a time, not also ${stranger}`);
    throw new UsageError(`${name} has no part "${stranger}", but ${bench.parts.join(', ')}`);
  }
  return {
    bench,
    ...(rest.length > 0 && { parts: rest }),
    json: values.json === true,
    seconds: number('seconds', values.seconds, bench.defaults.seconds, /^\d{1,5}(\.\d{1,3})?$/),
    rounds: number('rounds', values.rounds, bench.defaults.rounds, /^\d{1,3}$/),
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        json: { type: 'boolean' },
        help: { type: 'boolean' },
        seconds: { type: 'string' },
        rounds: { type: 'string' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function number(option: string, text: string | undefined, absent: number, format: RegExp): number {
  if (text === undefined) return absent;
  if (!format.test(text) || Number(text) <= 0)
    throw new UsageError(`--${option} must be a number above 0, not ${text}`);
  return Number(text);
}

/** How it is called, and every bench with what it measures. */
export function usage(benches: readonly Bench[]): string {
  const width = Math.max(...benches.map(({ name }) => name.length));
  const lines = benches.map(
    ({ name, summary, parts, defaults }) =>
      `  ${name.padEnd(width)}  ${summary}${parts === undefined ? '' : `; parts: ${parts.join(', ')}`} (${defaults.rounds} × ${defaults.seconds} s)`,
  );
  return [
    'npm run bench -- <name> [part …] [--json] [--seconds N] [--rounds N]',
    'npm run bench -- chart <orders.json> [<orders.svg>]',
    '',
    ...lines,
    '',
  ].join('\n');
}
