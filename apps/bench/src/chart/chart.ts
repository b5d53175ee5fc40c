import { readFileSync, writeFileSync } from 'node:fs';
import { UsageError } from '../cli/usage-error.ts';
import { drawOrders } from './draw-orders.ts';
import { readOrdersReport } from './orders-report.ts';

/** `chart <orders.json> [<orders.svg>]`: draws what `orders --json` printed. Answers what is to be printed: the picture, where no file is to hold it. */
export function chart([from, to, ...rest]: readonly string[]): string {
  if (from === undefined || rest.length > 0)
    throw new UsageError('chart takes a file of JSON and perhaps one for the picture');
  const svg = drawOrders(readOrdersReport(read(from)));
  if (to === undefined) return svg;
  writeFileSync(to, svg);
  return `${to}\n`;
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
