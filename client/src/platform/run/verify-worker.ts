/** Checks signatures off the page: see verifier.ts. */
import * as Comlink from "comlink";
import { verify } from "./signature.ts";

const desk = { verify };
export type VerifyDesk = typeof desk;

Comlink.expose(desk);
