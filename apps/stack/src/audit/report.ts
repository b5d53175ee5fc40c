import type { Finding } from './check-books.ts';

export interface Audit {
  readonly clean: boolean;
  /** Orders that were being worked on, and so not judged. 0 once things are quiet. */
  readonly moving: number;
  readonly findings: readonly Finding[];
}

/** The audit for people. */
export function reportText({ clean, moving, findings }: Audit): string {
  const lines = findings.flatMap(({ name, promise, figures, violations, broken }) => [
    `${broken === 0 ? 'holds ' : 'BROKEN'}  ${name}: ${promise}`,
    `        ${Object.entries(figures)
      .map(([figure, value]) => `${figure} ${value}`)
      .join(', ')}`,
    ...violations.map((violation) => `        ! ${violation}`),
    ...(broken > violations.length ? [`        ! and ${broken - violations.length} more`] : []),
  ]);
  const motion = moving === 0 ? 'quiet: every order was judged' : `${moving} orders were in motion and not judged`;
  return [...lines, `        ${motion}`, clean ? 'audit clean' : 'audit BROKEN', ''].join('\n');
}
