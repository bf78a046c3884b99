/** The limits of one address that several processes keep together. A process without others has none. */
import type { Result } from "@swapmeet/shared";

export interface SharedLimits {
  /**
   * Whether all processes together may have one connection more from this block of addresses. `open`: how many this
   * process has from it, with the new one. Where the others cannot be asked, this process admits it.
   */
  admit(block: string, open: number): Promise<Result<undefined, "too-many-connections" | "too-fast">>;
  /** This process has so many connections from the block now. */
  has(block: string, open: number): void;
  /** Takes one message of the block, or says that the processes together took too many. */
  spend(block: string, nowMs: number): boolean;
}
