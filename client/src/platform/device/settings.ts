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

/** Tells when another tab of this browser has written the setting. @returns what ends that */
export const watchSetting = (key: string, changed: (value: string | null) => void): (() => void) => {
  const hear = (event: StorageEvent): void => {
    if (event.key === PREFIX + key) changed(event.newValue);
  };
  addEventListener("storage", hear);
  return () => removeEventListener("storage", hear);
};
