/** Data channels as a test needs them: slow, or counted. Both are set up before the page is loaded. */
import type { Page } from "@playwright/test";
import type { RoomPage } from "../page/page.ts";

interface Uplink {
  bytesPerSecond: number;
}

/** Frames leave the page at this rate, in order, until `liftUplink`. */
export const slowUplink =
  (bytesPerSecond: number) =>
  (page: Page): Promise<unknown> =>
    page.addInitScript((bytesPerSecond) => {
      const waitingBytes = new WeakMap<RTCDataChannel, number>();
      const { prototype } = RTCDataChannel;
      const buffered = Object.getOwnPropertyDescriptor(prototype, "bufferedAmount")!.get!;
      Object.defineProperty(prototype, "bufferedAmount", {
        get(this: RTCDataChannel) {
          return (buffered.call(this) as number) + (waitingBytes.get(this) ?? 0);
        },
      });
      const send = prototype.send as (data: Uint8Array<ArrayBuffer>) => void;
      const uplink: Uplink = { bytesPerSecond };
      Object.assign(globalThis, { uplink });
      let freeAt = 0;
      // Timers of nearly the same time may fire in any order; each sends the frame that has waited longest.
      const waiting: { readonly channel: RTCDataChannel; readonly frame: Uint8Array<ArrayBuffer> }[] = [];
      const sendNext = () => {
        const { channel, frame } = waiting.shift()!;
        waitingBytes.set(channel, waitingBytes.get(channel)! - frame.length);
        if (channel.readyState !== "open") return;
        send.call(channel, frame);
        if (channel.bufferedAmount <= channel.bufferedAmountLowThreshold)
          channel.dispatchEvent(new Event("bufferedamountlow"));
      };
      prototype.send = function (this: RTCDataChannel, data: unknown) {
        if (uplink.bytesPerSecond === Infinity && waiting.length === 0)
          return send.call(this, data as Uint8Array<ArrayBuffer>);
        const frame = (data as Uint8Array<ArrayBuffer>).slice();
        freeAt = Math.max(performance.now(), freeAt) + (frame.length / uplink.bytesPerSecond) * 1000;
        waitingBytes.set(this, (waitingBytes.get(this) ?? 0) + frame.length);
        waiting.push({ channel: this, frame });
        setTimeout(sendNext, freeAt - performance.now());
      };
    }, bytesPerSecond);

/** Lifts the limit of `slowUplink`, once a test has caught the transfer in the middle. */
export const liftUplink = async (...rooms: readonly RoomPage[]): Promise<void> => {
  for (const { page } of rooms)
    await page.evaluate(
      () => void ((globalThis as unknown as { uplink: Uplink }).uplink.bytesPerSecond = Infinity),
    );
};

/** Bytes of blocks that reached a page, over all its lives. */
export class Arrivals {
  bytes = 0;

  async watch(page: Page): Promise<void> {
    await page.exposeFunction("arrived", (bytes: number) => void (this.bytes += bytes));
    await page.addInitScript(() => {
      const { prototype } = RTCDataChannel;
      const { get, set } = Object.getOwnPropertyDescriptor(prototype, "onmessage")!;
      Object.defineProperty(prototype, "onmessage", {
        get: get!,
        set(this: RTCDataChannel, hear: ((event: MessageEvent) => void) | null) {
          const counted = (event: MessageEvent) => {
            const frame = new Uint8Array(event.data as ArrayBuffer);
            // A block is a zero, four bytes of id, and its bytes.
            if (frame[0] === 0)
              (window as unknown as { arrived(bytes: number): void }).arrived(frame.length - 5);
            hear?.call(this, event);
          };
          set!.call(this, hear && counted);
        },
      });
    });
  }
}
