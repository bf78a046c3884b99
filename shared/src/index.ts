export * from "./ids.ts";
export * from "./limits.ts";
export * from "./messages.ts";
export * from "./result.ts";
