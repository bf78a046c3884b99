/** How a command ends. The codes beyond 2 are those of BSD's sysexits and of shells. */
export const EXIT = {
  done: 0,
  /** What was asked for could not be done: nobody offers it, it was declined, its source is gone. */
  failed: 1,
  /** The command line makes no sense. */
  usage: 2,
  /** EX_UNAVAILABLE: the server can't be reached, or does not let this peer in. */
  unavailable: 69,
  /** EX_CANTCREAT: the disk is full, or the folder is not writable. */
  disk: 73,
  /** 128 + SIGINT. */
  interrupted: 130,
  /** 128 + SIGTERM. */
  terminated: 143,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends the command. The message names the cause and a remedy. */
export class Failure extends Error {
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode = EXIT.failed) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** A person, or the system, has ended the command. */
export class Interruption extends Failure {
  constructor(signal: "SIGINT" | "SIGTERM") {
    super(`ended by ${signal}`, signal === "SIGINT" ? EXIT.interrupted : EXIT.terminated);
  }
}
