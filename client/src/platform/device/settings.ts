/** What this device remembers between visits. Where a browser forbids storage, or it is full, it lasts as long as the page. */
const PREFIX = "swapmeet:";
/** What could not be written down. */
const kept = new Map<string, string>();

export const readSetting = (key: string): string | null => {
  try {
    return kept.get(key) ?? localStorage.getItem(PREFIX + key);
  } catch {
    return null;
  }
};

export const writeSetting = (key: string, value: string): void => {
  try {
    localStorage.setItem(PREFIX + key, value);
    kept.delete(key);
  } catch {
    kept.set(key, value);
  }
};
