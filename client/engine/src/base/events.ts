/** Where a part queues what happened, in order. Nobody acts on it before the part's verb has ended. */
export interface Events<Event> {
  push(event: Event): unknown;
}
