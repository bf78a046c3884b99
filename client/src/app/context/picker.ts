/** Opens the browser's own picker and puts the picked files on the table. */
import { createContext } from "svelte";

export interface Picker {
  files(): void;
  folder(): void;
}

export const [usePicker, providePicker] = createContext<Picker>();
