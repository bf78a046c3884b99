/** How a worker fails. Knows nothing of browsers, so that a peer in Node can tell these failures apart, too. */
/** The worker died, or it hung. */
export class WorkerFailed extends Error {
  override readonly name: string = "WorkerFailed";
}

export class NotLoaded extends WorkerFailed {
  override readonly name = "NotLoaded";

  constructor() {
    super("A part of Swapmeet could not be loaded from its server");
  }
}
