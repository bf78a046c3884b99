/** Opens the browser's own picker; what is picked lands on the table. */
import { createContext } from "svelte";

export interface Picker {
  files(): void;
  folder(): void;
}

export const [usePicker, providePicker] = createContext<Picker>();
