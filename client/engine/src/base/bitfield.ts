/**
 * A set of pieces of one file, such as those that a peer holds. On the wire it is as in BEP 3: bit i, most significant
 * first, is piece i. Here the same bits are in words of 32, so that two sets are compared 32 pieces at a time.
 */
export class Bitfield {
  readonly length: number;
  readonly #words: Uint32Array;
  #count = 0;

  constructor(length: number) {
    this.length = length;
    this.#words = new Uint32Array(Math.ceil(length / 32));
  }

  static full(length: number): Bitfield {
    const bits = new Bitfield(length);
    bits.#words.fill(0xffff_ffff);
    if (length % 32 > 0) bits.#words[bits.#words.length - 1] = ~(0xffff_ffff >>> (length % 32));
    bits.#count = length;
    return bits;
  }

  /** No bytes at all mean that nothing is held. Null: the wrong length, or a bit beyond the last piece. */
  static parse(bytes: Uint8Array, length: number): Bitfield | null {
    const bits = new Bitfield(length);
    if (bytes.length === 0) return bits;
    if (bytes.length !== Math.ceil(length / 8)) return null;
    bytes.forEach((byte, at) => {
      bits.#words[at >>> 2]! |= byte << (24 - 8 * (at & 3));
      for (let rest = byte; rest !== 0; rest &= rest - 1) bits.#count++;
    });
    const spare = bytes.length * 8 - length;
    return bytes[bytes.length - 1]! & ((1 << spare) - 1) ? null : bits;
  }

  get count(): number {
    return this.#count;
  }

  get isFull(): boolean {
    return this.#count === this.length;
  }

  equals(other: Bitfield): boolean {
    if (this.length !== other.length || this.#count !== other.#count) return false;
    return this.#words.every((word, at) => word === other.#words[at]);
  }

  has(piece: number): boolean {
    return piece < this.length && (this.#words[piece >>> 5]! & bit(piece)) !== 0;
  }

  /** True when the bit was not set before. */
  set(piece: number): boolean {
    if (piece >= this.length || this.has(piece)) return false;
    this.#words[piece >>> 5]! |= bit(piece);
    this.#count++;
    return true;
  }

  /** True when the bit was set before. */
  clear(piece: number): boolean {
    if (!this.has(piece)) return false;
    this.#words[piece >>> 5]! &= ~bit(piece);
    this.#count--;
    return true;
  }

  /** The first piece in both and not in `except`, from `start` on and around the end; null when there is none. */
  firstShared(other: Bitfield, start: number, except: Bitfield | null = null): number | null {
    const words = this.#words.length;
    if (words === 0) return null;
    let at = start >>> 5;
    let mask = 0xffff_ffff >>> (start & 31);
    for (let looked = 0; looked <= words; looked++) {
      const shared = this.#words[at]! & other.#words[at]! & mask & (except ? ~except.#words[at]! : -1);
      if (shared !== 0) return at * 32 + Math.clz32(shared);
      at = at + 1 === words ? 0 : at + 1;
      mask = 0xffff_ffff;
    }
    return null;
  }

  *[Symbol.iterator](): Generator<number> {
    for (let at = 0; at < this.#words.length; at++)
      for (let rest = this.#words[at]!; rest !== 0;) {
        const first = Math.clz32(rest);
        yield at * 32 + first;
        rest &= ~(0x8000_0000 >>> first);
      }
  }

  /** As it goes over the wire: no bytes when nothing is held. */
  toBytes(): Uint8Array {
    if (this.#count === 0) return new Uint8Array(0);
    return Uint8Array.from(
      { length: Math.ceil(this.length / 8) },
      (_, at) => this.#words[at >>> 2]! >>> (24 - 8 * (at & 3)),
    );
  }
}

const bit = (piece: number): number => 0x8000_0000 >>> (piece & 31);
