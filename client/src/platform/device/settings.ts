/** Settings that this device remembers between visits; without storage, or when it is full, as long as the page. */
const PREFIX = "swapmeet:";
/** The settings that could not be stored. */
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
