/** The parts of `host:port` or `[v6]:port`; undefined if it is neither. */
export function splitAddress(address: string): { host: string; port: number } | undefined {
  const parts = /^(?:\[([0-9a-fA-F:.%\w]+)\]|([^\s:/[\]]+)):(\d{1,5})$/.exec(address);
  const host = parts?.[1] ?? parts?.[2];
  const port = Number(parts?.[3]);
  if (host === undefined || !(port > 0 && port < 65_536)) return undefined;
  return { host, port };
}
