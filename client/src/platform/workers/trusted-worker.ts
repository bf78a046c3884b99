/**
 * Starts a worker under Trusted Types: the page's policy lets scripts come from this origin and nowhere else.
 * Import the worker's address with Vite's `?worker&url`.
 */
interface Policy {
  createScriptURL(url: string): string;
}
interface Factory {
  createPolicy(name: string, rules: Policy): Policy;
}

const sameOrigin = (url: string): string => {
  if (new URL(url, location.href).origin !== location.origin)
    throw new TypeError(`not a script of ours: ${url}`);
  return url;
};

const factory = (globalThis as { trustedTypes?: Factory }).trustedTypes;
const policy = factory?.createPolicy("swapmeet", { createScriptURL: sameOrigin });

export const startWorker = (url: string): Worker =>
  new Worker(policy ? policy.createScriptURL(url) : url, { type: "module" });
