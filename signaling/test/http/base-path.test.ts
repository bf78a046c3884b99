/** [J18] The page under a path: a proxy may keep the path, or take it off. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { io } from "socket.io-client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { outsideUrls } from "../../src/announcement.ts";
import { startServer } from "../harness.ts";

let clientDir = "";
beforeAll(() => {
  clientDir = mkdtempSync(join(tmpdir(), "swapmeet-client-"));
  mkdirSync(join(clientDir, "assets"));
  writeFileSync(join(clientDir, "index.html"), "<!doctype html><title>Swapmeet</title>");
  writeFileSync(join(clientDir, "assets", "app-1a2b3c.js"), "export {};");
});
afterAll(() => rmSync(clientDir, { recursive: true }));

const start = () => startServer({ clientDir, basePath: "/swap/" });

/** What a socket at this path hears first. */
function knock(url: string, path: string, transport: "polling" | "websocket"): Promise<"connect" | "error"> {
  const socket = io(url, { path, transports: [transport], reconnection: false, forceNew: true });
  return new Promise<"connect" | "error">((resolve) => {
    socket.once("connect", () => resolve("connect"));
    socket.once("connect_error", () => resolve("error"));
  }).finally(() => socket.disconnect());
}

describe("[J18] under a base path", () => {
  it.each(["/swap", "", "/"])("page, assets, health and addresses answer at %s/", async (prefix) => {
    const { url } = await start();
    expect(await (await fetch(`${url}${prefix}/`)).text()).toContain("<title>Swapmeet</title>");
    const asset = await fetch(`${url}${prefix}/assets/app-1a2b3c.js`);
    expect([asset.status, asset.headers.get("cache-control")]).toEqual([
      200,
      expect.stringContaining("immutable") as unknown,
    ]);
    expect((await fetch(`${url}${prefix}/healthz`)).status).toBe(200);
    expect(await (await fetch(`${url}${prefix}/addresses.json`)).json()).toEqual([]);
  });

  it.each(["/swap/socket.io/", "/socket.io/"])("sockets connect at %s", async (path) => {
    const { url } = await start();
    expect(await knock(url, path, "websocket")).toBe("connect");
    expect(await knock(url, path, "polling")).toBe("connect");
    expect(await knock(url, "/swap/swap/socket.io/", "polling")).toBe("error");
  });

  it("the path without its last slash leads to the one with it, and nothing of the request comes along", async () => {
    const { url } = await start();
    for (const asked of ["/swap", "/swap?next=//evil.example"]) {
      const response = await fetch(url + asked, { redirect: "manual" });
      expect([response.status, response.headers.get("location")]).toEqual([308, "/swap/"]);
    }
    expect((await fetch(`${url}/swapper`, { redirect: "manual" })).status).toBe(404);
  });

  it("a wrong path learns the right one", async () => {
    const { url } = await start();
    expect(await (await fetch(`${url}/swap/nowhere`)).text()).toContain("Swapmeet is at /swap/.");
  });

  it("a page at localhost learns URLs with the path, the public one first", async () => {
    const publicOrigin = "https://share.example.org";
    const { port } = await startServer({ host: "0.0.0.0", basePath: "/swap/", publicOrigin });
    const told = (await (await fetch(`http://localhost:${port}/swap/addresses.json`)).json()) as string[];
    expect(told[0]).toBe("https://share.example.org/swap/");
    expect(told).toEqual(
      outsideUrls(port, undefined, networkInterfaces(), { basePath: "/swap/", publicOrigin }),
    );
  });
});
