/** Checks signatures off the page, one message each: see verifier.ts. */
import type { CheckAnswer, CheckOrder } from "./verifier.ts";
import { verify } from "./signature.ts";

onmessage = ({ data: { job, by, bytes, signature } }: MessageEvent<CheckOrder>) =>
  postMessage({ job, valid: verify(by, bytes, signature) } satisfies CheckAnswer);
