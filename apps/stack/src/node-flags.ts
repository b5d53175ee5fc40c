/**
 * Node's flags for the gateway and every service, as `npm run bench -- gc` found them best; none: Node's own defaults. Images start their
 * program with the same. STAMPEDE_NODE_FLAGS takes their place.
 */
export const NODE_FLAGS: readonly string[] = [];
