/** A channel to the other tabs of this browser; null where the browser has none, or forbids it. */
export const openChannel = (name: string): BroadcastChannel | null => {
  try {
    return new BroadcastChannel(name);
  } catch {
    return null;
  }
};
