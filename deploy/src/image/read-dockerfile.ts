/** What the last stage of a Dockerfile says of how its image runs. */
export interface ImageConfig {
  readonly from: string;
  readonly workdir: string;
  /** `65532:65532` */
  readonly user: string;
  readonly env: Readonly<Record<string, string>>;
  readonly entrypoint: readonly string[];
  readonly healthcheck: readonly string[];
}

/** Reads a Dockerfile whose commands are written as JSON and whose variables need no quotes; throws a SyntaxError on any other. */
export function readDockerfile(text: string): ImageConfig {
  const lines = text
    .replaceAll(/^\s*#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n');
  const stage = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')));
  const valueOf = (word: string): string => {
    const line = stage.find((each) => each.startsWith(`${word} `));
    if (line === undefined) throw new SyntaxError(`the last stage has no ${word}`);
    return line.slice(word.length + 1).trim();
  };
  const commandOf = (json: string): string[] => JSON.parse(json) as string[];
  return {
    from: valueOf('FROM'),
    workdir: valueOf('WORKDIR'),
    user: valueOf('USER'),
    env: Object.fromEntries(
      valueOf('ENV')
        .split(/\s+/)
        .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
    ),
    entrypoint: commandOf(valueOf('ENTRYPOINT')),
    healthcheck: commandOf(valueOf('HEALTHCHECK').replace(/^.*?CMD /, '')),
  };
}
