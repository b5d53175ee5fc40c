import type { Etcd } from '@stampede/etcd';
import type { BrokenInventory, Reservation } from '@stampede/inventory/simulation';
import type { BrokenOrders, CrashablePorts } from '@stampede/order/simulation';
import type { PaymentStore, Provider } from '@stampede/payment/simulation';
import type { Databases } from './shop/databases.ts';

/** Where a mutant puts its hands: rules that the stores leave out, and ports that do not do what they say. */
export interface Sabotage {
  readonly brokenOrders?: BrokenOrders;
  readonly brokenInventory?: BrokenInventory;
  readonly aroundOrder?: (ports: CrashablePorts) => CrashablePorts;
  readonly aroundPayments?: (store: PaymentStore) => PaymentStore;
  readonly aroundProvider?: (provider: Provider) => Provider;
  readonly aroundRegistrar?: (etcd: Etcd) => Etcd;
  readonly aroundWatcher?: (etcd: Etcd) => Etcd;
  /** Told of each verdict of inventory as it is committed. */
  readonly onVerdict?: (
    verdict: Reservation,
    databases: Databases,
    schedule: (ms: number, run: () => void) => void,
  ) => void;
}
