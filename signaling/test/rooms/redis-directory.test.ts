import { randomInt, randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe } from "vitest";
import { RedisProcess } from "../../src/redis/redis-process.ts";
import { RedisDirectory } from "../../src/rooms/redis-directory.ts";
import { findRedis, RedisServer } from "../redis/redis-server.ts";
import { describeDirectory } from "./directory-contract.ts";

const program = findRedis();

describe.skipIf(!program)("over Redis", () => {
  let redis: RedisServer;
  const directories: RedisDirectory[] = [];
  beforeAll(async () => void (redis = await RedisServer.start(program!)));
  afterEach(
    async () => void (await Promise.all(directories.splice(0).map((directory) => directory.close()))),
  );
  afterAll(() => redis.stop());

  /** Directories of as many processes, in a space of their own. */
  const open = (processes: number) => async (maxMembers: number) => {
    const space = randomUUID();
    return Promise.all(
      Array.from({ length: processes }, async () => {
        const process = new RedisProcess({ url: redis.url, space }, () => {});
        const directory = new RedisDirectory(process, { maxMembers, random: (bound) => randomInt(bound) });
        directories.push(directory);
        await process.start();
        return directory;
      }),
    );
  };

  for (const processes of [1, 2, 3])
    describeDirectory(`a directory of ${processes} processes`, open(processes));
});
