/**
 * Node's flags for the gateway and every service, as `npm run bench -- gc` found them best: what belongs to an order lives as long as the order is
 * on its way, and with the default of 16 MiB it is copied several times meanwhile. Images start their program with the same. STAMPEDE_NODE_FLAGS
 * takes their place.
 */
export const NODE_FLAGS: readonly string[] = ['--max-semi-space-size=32', '--min-semi-space-size=32'];
