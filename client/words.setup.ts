/** Before all tests: the words of the page are there. */
export { compileWords as setup } from "./words.config.ts";
