import type { AuditResult } from '@stampede/testing';
import type { Audit } from './audit.ts';

/** What `npm run audit` found, in the words of a report: whatever is broken is one of the three counts, or said. */
export function judge({ moving, findings }: AuditResult): Omit<Audit, 'lost'> {
  const doubleCharged = findingOf({ findings }, 'charges').figures['doubled'] ?? 0;
  const counted = new Set(['stock', ...(doubleCharged > 0 ? ['charges'] : [])]);
  const other = findings.filter(({ name, broken }) => broken > 0 && !counted.has(name));
  return {
    oversold: findingOf({ findings }, 'stock').broken,
    doubleCharged,
    other: [
      ...other.map(({ name, broken, violations }) => `${name}: ${broken} (${violations[0] ?? ''})`),
      ...(moving > 0 ? [`${moving} orders not at rest`] : []),
    ],
  };
}

/** One finding of an audit. Throws where it was not looked for. */
export function findingOf({ findings }: Pick<AuditResult, 'findings'>, name: string) {
  const finding = findings.find((each) => each.name === name);
  if (finding === undefined) throw new Error(`the audit says nothing of "${name}"`);
  return finding;
}
