import type { Discovery, Instance, InstanceSet } from '../discovery.ts';

/** A registry that the test writes. */
export class FakeDiscovery implements Discovery {
  readonly forgotten: string[] = [];
  onGone: (() => void) | undefined;
  readonly #listeners = new Set<(set: InstanceSet) => void>();
  #set: InstanceSet | undefined;

  constructor(listed?: readonly Instance[]) {
    if (listed !== undefined) this.#set = { listed, fading: [] };
  }

  watch(_service: string, listener: (set: InstanceSet) => void): () => void {
    this.#listeners.add(listener);
    if (this.#set !== undefined) listener(this.#set);
    return () => this.#listeners.delete(listener);
  }

  gone(_service: string, instanceId: string): void {
    this.forgotten.push(instanceId);
    this.onGone?.();
  }

  publish(listed: readonly Instance[], fading: readonly Instance[] = []): void {
    this.#set = { listed, fading };
    for (const listener of this.#listeners) listener(this.#set);
  }
}
