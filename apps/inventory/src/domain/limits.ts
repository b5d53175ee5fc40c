export const MAX_LINES = 100;
/** Units of one line. */
export const MAX_QUANTITY = 1_000_000;
/** Units that come in at once. */
export const MAX_DELIVERY = 1_000_000_000;
/** Units of one SKU that may be available: what the contract's int32 holds. */
export const MAX_AVAILABLE = 2_147_483_647;
export const MAX_PAGE = 200;
export const DEFAULT_PAGE = 50;
/** Reservations that may be committed at once. */
export const MAX_COMMITS = 1_000;
/** Products that may be asked for by name at once. */
export const MAX_BATCH = 200;
