/** Says what happened, and what it means or what to do. */
export interface Saying {
  readonly title: string;
  readonly remedy: string;
  /** Something did not go as wanted. */
  readonly bad: boolean;
}
