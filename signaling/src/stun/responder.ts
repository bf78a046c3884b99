/** The STUN responder's UDP socket: counts, limits per address, and never fails the server. [J12] */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { Buckets } from "../base/bucket.ts";
import type { Counters } from "../base/counters.ts";
import type { Rate } from "../base/limits.ts";
import { blockOf, parseAddress } from "../base/network.ts";
import { answerBinding } from "./stun.ts";

export interface ResponderOptions {
  readonly host: string;
  readonly port: number;
  readonly ratePerAddress: Rate;
  readonly counters: Counters;
}

/** Resolves when bound; rejects with the system's error when the port cannot be had. */
export async function openResponder(options: ResponderOptions): Promise<Socket> {
  const { host, port, ratePerAddress, counters } = options;
  const buckets = new Buckets(ratePerAddress);
  const socket = createSocket(host.includes(":") ? "udp6" : "udp4");

  socket.on("message", (request, from) => {
    const address = parseAddress(from.address);
    // A forged source may be of port 0, to which nothing can be sent.
    const isAnswerable =
      address && from.port > 0 && buckets.take(blockOf(address), performance.now()) ? address : undefined;
    const response = isAnswerable && answerBinding(request, isAnswerable, from.port);
    if (!response) return void counters.stun.ignored++;
    counters.stun.answered++;
    // A datagram that cannot be delivered is a datagram lost; the browser asks again.
    socket.send(response, from.port, from.address, () => {});
  });

  socket.bind({ port, address: host });
  await once(socket, "listening");
  socket.on("error", () => {});
  return socket;
}
