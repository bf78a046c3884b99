/** A database as `idb` gives it, of one browser, with a quota that can be used up. For `vi.mock("idb", …)`. */

/** How a full disk shows: the request fails; or the transaction does, and its requests say only that it was aborted. */
export type FullDatabase = "request" | "commit" | "aborted-requests";
export const FULL_DATABASES: readonly FullDatabase[] = ["request", "commit", "aborted-requests"];

type Key = string | readonly (string | number)[];
interface Range {
  readonly lower: Key;
  readonly upper: Key;
}
type Rows = Map<string, { readonly key: Key; readonly value: unknown }>;
type Tables = Map<string, Rows>;

const full = (): DOMException => new DOMException("full", "QuotaExceededError");
const aborted = (): DOMException => new DOMException("the transaction was aborted", "AbortError");

export class IdbDouble {
  /** The way in which writes that add bytes are refused. */
  full: FullDatabase | null = null;
  readonly #tablesByDatabase = new Map<string, Tables>();

  /** For `vi.stubGlobal("IDBKeyRange", …)`. */
  readonly keyRange = { bound: (lower: Key, upper: Key): Range => ({ lower, upper }) };

  readonly openDB = async (
    name: string,
    _version: number,
    { upgrade }: { upgrade(fresh: { createObjectStore(name: string): void }): void },
  ): Promise<Database> => {
    let tables = this.#tablesByDatabase.get(name);
    if (!tables) {
      const made: Tables = (tables = new Map());
      this.#tablesByDatabase.set(name, made);
      upgrade({ createObjectStore: (store) => void made.set(store, new Map()) });
    }
    return new Database(this, tables);
  };

  /** The stored rows, for a test to damage. */
  rows(name: string, store: string): Rows {
    return this.#tablesByDatabase.get(name)!.get(store)!;
  }
}

class Database {
  readonly #disk: IdbDouble;
  readonly #tables: Tables;

  constructor(disk: IdbDouble, tables: Tables) {
    this.#disk = disk;
    this.#tables = tables;
  }

  transaction(_names: string | readonly string[], _mode?: string, _options?: unknown): Transaction {
    return new Transaction(this.#disk, this.#tables, typeof _names === "string" ? _names : _names[0]!);
  }

  close(): void {}

  get = (store: string, key: Key) => this.#alone(store, (table) => table.get(key));
  put = (store: string, value: unknown, key: Key) => this.#alone(store, (table) => table.put(value, key));
  delete = (store: string, key: Key | Range) => this.#alone(store, (table) => table.delete(key));
  getAll = (store: string, range?: Range) => this.#alone(store, (table) => table.getAll(range));
  getAllKeys = (store: string, range?: Range) => this.#alone(store, (table) => table.getAllKeys(range));

  async #alone<Value>(store: string, act: (table: Table) => Promise<Value>): Promise<Value> {
    const transaction = this.transaction(store);
    const [acted, done] = await Promise.allSettled([act(transaction.store), transaction.done]);
    if (acted.status === "rejected") throw acted.reason;
    if (done.status === "rejected") throw done.reason;
    return acted.value;
  }
}

/** Is over when a turn of the microtasks brings no further request. */
class Transaction {
  readonly done: Promise<void>;
  readonly #disk: IdbDouble;
  readonly #tables: Tables;
  readonly #first: string;
  readonly #before: Tables;
  #grew = false;
  #error: DOMException | null = null;
  #requests = 0;

  constructor(disk: IdbDouble, tables: Tables, first: string) {
    this.#disk = disk;
    this.#tables = tables;
    this.#first = first;
    this.#before = new Map([...tables].map(([name, rows]) => [name, new Map(rows)]));
    this.done = this.#run();
    this.done.catch(() => {});
  }

  get store(): Table {
    return this.objectStore(this.#first);
  }

  objectStore(name: string): Table {
    return new Table(this.#tables.get(name)!, (grows) => this.#request(grows));
  }

  abort(): void {
    this.#error ??= aborted();
  }

  async #request(grows: boolean): Promise<void> {
    this.#requests++;
    await Promise.resolve();
    if (this.#error) throw aborted();
    if (!grows || !this.#disk.full) return;
    this.#grew = true;
    if (this.#disk.full === "commit") return;
    // The transaction hears of it before it knows why: idb's `done` says then that it was aborted.
    this.#error = this.#disk.full === "request" ? aborted() : full();
    throw this.#disk.full === "request" ? full() : aborted();
  }

  async #run(): Promise<void> {
    for (let seen = -1; seen !== this.#requests && !this.#error;) {
      seen = this.#requests;
      await new Promise((later) => setImmediate(later));
    }
    if (this.#grew && this.#disk.full === "commit") this.#error ??= full();
    if (!this.#error) return;
    for (const [name, rows] of this.#before) {
      const table = this.#tables.get(name)!;
      table.clear();
      for (const [key, row] of rows) table.set(key, row);
    }
    throw this.#error;
  }
}

class Table {
  readonly #rows: Rows;
  readonly #request: (grows: boolean) => Promise<void>;

  constructor(rows: Rows, request: (grows: boolean) => Promise<void>) {
    this.#rows = rows;
    this.#request = request;
  }

  async get(key: Key): Promise<unknown> {
    await this.#request(false);
    return this.#rows.get(JSON.stringify(key))?.value;
  }

  async put(value: unknown, key: Key): Promise<void> {
    const kept = structuredClone(value);
    await this.#request(true);
    this.#rows.set(JSON.stringify(key), { key, value: kept });
  }

  async delete(which: Key | Range): Promise<void> {
    await this.#request(false);
    if (isRange(which)) for (const { key } of this.#within(which)) this.#rows.delete(JSON.stringify(key));
    else this.#rows.delete(JSON.stringify(which));
  }

  async getAll(range?: Range): Promise<unknown[]> {
    await this.#request(false);
    return this.#within(range).map(({ value }) => value);
  }

  async getAllKeys(range?: Range): Promise<Key[]> {
    await this.#request(false);
    return this.#within(range).map(({ key }) => key);
  }

  async *iterate(range?: Range): AsyncGenerator<{ key: Key; value: unknown }> {
    await this.#request(false);
    yield* this.#within(range);
  }

  #within(range?: Range): { key: Key; value: unknown }[] {
    return [...this.#rows.values()]
      .filter(({ key }) => !range || (compare(key, range.lower) >= 0 && compare(key, range.upper) <= 0))
      .sort((a, b) => compare(a.key, b.key));
  }
}

const isRange = (which: Key | Range): which is Range => typeof which === "object" && "lower" in which;

const compare = (a: Key, b: Key): number => {
  const [left, right] = [[a].flat(), [b].flat()];
  for (const [i, part] of left.entries()) {
    const other = right[i]!;
    if (part !== other) return part < other ? -1 : 1;
  }
  return 0;
};
