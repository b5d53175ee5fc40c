const nothing = (): void => undefined;

/** The log of processes that nobody reads. */
export const silent = { debug: nothing, info: nothing, warn: nothing, error: nothing };
