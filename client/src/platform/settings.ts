/** What this device remembers between visits. Where a browser forbids storage, everything lasts as long as the page. */
const PREFIX = "swapmeet:";
const kept = new Map<string, string>();

export const readSetting = (key: string): string | null => {
  try {
    return localStorage.getItem(PREFIX + key);
  } catch {
    return kept.get(key) ?? null;
  }
};

export const writeSetting = (key: string, value: string): void => {
  try {
    localStorage.setItem(PREFIX + key, value);
  } catch {
    kept.set(key, value);
  }
};
