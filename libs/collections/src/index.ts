export { Bag, NOWHERE, type Placed } from './bag.ts';
export { Table } from './table.ts';
