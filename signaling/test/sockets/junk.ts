/** Messages of any content under any name. */
import fc from "fast-check";
import { expect } from "vitest";
import { connect } from "../harness.ts";

/** [J6] Each is refused by name, and its socket goes on. */
export async function expectJunkRefused(url: string): Promise<void> {
  const event = fc.oneof(
    fc.constantFrom("join", "sample", "envelope", "error", "toString", "__proto__"),
    fc.string(),
  );
  const reserved = new Set([
    "connect",
    "connect_error",
    "disconnect",
    "disconnecting",
    "newListener",
    "removeListener",
  ]);
  const junk = fc.array(fc.tuple(event, fc.array(fc.jsonValue(), { maxLength: 3 })), {
    minLength: 1,
    maxLength: 20,
  });
  await fc.assert(
    fc.asyncProperty(junk, async (messages) => {
      const client = await connect(url);
      const sendable = messages.filter(([name]) => !reserved.has(name));
      for (const [name, args] of sendable) client.socket.emit(name, ...args);
      await client.ask("sample");
      expect(client.refusals.length).toBe(sendable.length);
      client.socket.disconnect();
    }),
    { numRuns: 30 },
  );
}
